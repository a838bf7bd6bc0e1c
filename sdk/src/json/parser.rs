//! A parser for JSON (RFC 8259), in one pass.

use super::{DEPTH_MAX, Error, Value};

pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| Error { at: error.valid_up_to() })?;
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < text.len() { Err(parser.error()) } else { Ok(value) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self) -> Error {
        Error { at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Consumes this byte if it is the next one. Returns whether it was.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.space();
        match self.peek() {
            Some(b'[' | b'{') if depth == DEPTH_MAX => Err(self.error()),
            Some(b'[') => self.list(depth + 1),
            Some(b'{') => self.object(depth + 1),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, Error> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error())
    }

    fn list(&mut self, depth: usize) -> Result<Value, Error> {
        self.at += 1;
        let mut elements = Vec::new();
        self.space();
        if self.takes(b']') {
            return Ok(Value::List(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            self.space();
            if self.takes(b']') {
                return Ok(Value::List(elements));
            }
            if !self.takes(b',') {
                return Err(self.error());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Error> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error());
            }
            let name = self.string()?;
            self.space();
            if !self.takes(b':') {
                return Err(self.error());
            }
            members.push((name, self.value(depth)?));
            self.space();
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.takes(b',') {
                return Err(self.error());
            }
        }
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Ok(Value::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error()) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            // Quotation marks and backslashes are ASCII, so the slice ends between two characters.
            string.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => {
                    self.at += 1;
                    string.push(self.escape()?);
                }
                _ => return Err(self.error()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let escape = self.peek().ok_or(self.error())?;
        let c = match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.error()),
        };
        self.at += 1;
        Ok(c)
    }

    /// Reads the digits of an escape: `00e9`, or both halves of a surrogate pair, `d83d\ude00`.
    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.unit()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !(self.takes(b'\\') && self.takes(b'u')) {
                return Err(self.error());
            }
            let second = self.unit()?.wrapping_sub(0xdc00);
            if second > 0x3ff {
                return Err(self.error());
            }
            0x1_0000 + ((first - 0xd800) << 10) + second
        } else {
            first
        };
        char::from_u32(code).ok_or(self.error())
    }

    fn unit(&mut self) -> Result<u32, Error> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(self.error())?;
        let mut unit = 0;
        for digit in digits {
            unit = (unit << 4) | char::from(*digit).to_digit(16).ok_or(self.error())?;
        }
        self.at += 4;
        Ok(unit)
    }
}
