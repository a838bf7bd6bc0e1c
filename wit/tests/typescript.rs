//! `sdk-js/contract.d.ts` is what the WIT files say, as types of TypeScript: a namespace an interface, the names in camel case. `BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use wit_parser::{Docs, Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem};

const HEAD: &str = "\
// The types of the plugin contract, as a plugin in JavaScript sees them. This file is made from the WIT files in wit/; a test holds it to them.
//
// An optional value is null where there is none. A variant is its tag and perhaps its val, an enum its name, and flags are an object of booleans.

";

#[test]
fn the_types_are_those_of_the_wit_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = folder.join("../sdk-js/contract.d.ts");
    let made = types(folder);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, &made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", kept.display()));
    assert!(kept == made, "sdk-js/contract.d.ts is not what the WIT files say: BLESS=1 writes it anew");
}

fn types(folder: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).expect("the WIT files parse");
    let package = &resolve.packages[package];
    let mut file = File { resolve: &resolve, text: HEAD.to_owned() };
    let world = &resolve.worlds[package.worlds["plugin"]];
    file.docs(&world.docs, 0);
    file.text.push_str("export interface Plugin {\n");
    for item in world.exports.values() {
        if let WorldItem::Function(function) = item {
            file.method(function);
        }
    }
    file.text.push_str("}\n");
    for (name, id) in &package.interfaces {
        file.namespace(name, *id);
    }
    file.text
}

struct File<'a> {
    resolve: &'a Resolve,
    text: String,
}

impl File<'_> {
    fn line(&mut self, depth: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(depth));
    }

    fn docs(&mut self, docs: &Docs, depth: usize) {
        let lines: Vec<&str> = docs.contents.as_deref().unwrap_or_default().trim().lines().map(str::trim_end).collect();
        match lines.as_slice() {
            [] => {}
            [line] => self.line(depth, &format!("/** {line} */")),
            lines => {
                self.line(depth, "/**");
                lines.iter().for_each(|line| self.line(depth, format!(" * {line}").trim_end()));
                self.line(depth, " */");
            }
        }
    }

    /// A function of the plugin. Its failure is thrown.
    fn method(&mut self, function: &Function) {
        self.docs(&function.docs, 1);
        let parameters: Vec<String> =
            function.params.iter().map(|param| format!("{}: {}", camel(&param.name), self.name(&param.ty))).collect();
        let result = function.result.as_ref().map_or_else(|| "void".to_owned(), |ty| self.succeeded(ty));
        self.line(1, &format!("{}({}): {result};", camel(&function.name), parameters.join(", ")));
    }

    /// What a function returns that does not throw.
    fn succeeded(&self, ty: &Type) -> String {
        if let Type::Id(id) = ty
            && let TypeDefKind::Result(result) = &self.resolve.types[*id].kind
        {
            return result.ok.as_ref().map_or_else(|| "void".to_owned(), |ok| self.name(ok));
        }
        self.name(ty)
    }

    fn namespace(&mut self, name: &str, id: InterfaceId) {
        let interface = &self.resolve.interfaces[id];
        self.text.push('\n');
        self.docs(&interface.docs, 0);
        self.line(0, &format!("export namespace {name} {{"));
        for (name, id) in &interface.types {
            // A `use` of another interface's type is written where that stands.
            if !matches!(self.resolve.types[*id].kind, TypeDefKind::Type(Type::Id(_))) {
                self.definition(&pascal(name), *id);
            }
        }
        self.line(0, "}");
    }

    fn definition(&mut self, name: &str, id: TypeId) {
        let definition = &self.resolve.types[id];
        self.docs(&definition.docs, 1);
        match &definition.kind {
            TypeDefKind::Record(record) => {
                self.line(1, &format!("interface {name} {{"));
                for field in &record.fields {
                    self.docs(&field.docs, 2);
                    self.line(2, &format!("{}: {};", camel(&field.name), self.name(&field.ty)));
                }
                self.line(1, "}");
            }
            TypeDefKind::Flags(flags) => {
                self.line(1, &format!("interface {name} {{"));
                for flag in &flags.flags {
                    self.docs(&flag.docs, 2);
                    self.line(2, &format!("{}: boolean;", camel(&flag.name)));
                }
                self.line(1, "}");
            }
            TypeDefKind::Variant(variant) => {
                let case = |ty: Option<&Type>| ty.map(|ty| format!("; val: {}", self.name(ty))).unwrap_or_default();
                let cases: Vec<_> = variant
                    .cases
                    .iter()
                    .map(|each| (format!("{{ tag: \"{}\"{} }}", each.name, case(each.ty.as_ref())), &each.docs))
                    .collect();
                self.union(name, &cases);
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<_> = cases.cases.iter().map(|case| (format!("\"{}\"", case.name), &case.docs)).collect();
                self.union(name, &cases);
            }
            TypeDefKind::List(of) => self.line(1, &format!("type {name} = {};", self.list(of))),
            other => panic!("{name} is {other:?}: teach this test its type"),
        }
    }

    fn union(&mut self, name: &str, cases: &[(String, &Docs)]) {
        self.line(1, &format!("type {name} ="));
        for (at, (case, docs)) in cases.iter().enumerate() {
            self.docs(docs, 2);
            self.line(2, &format!("| {case}{}", if at + 1 == cases.len() { ";" } else { "" }));
        }
    }

    fn name(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".into(),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64 | Type::F32 | Type::F64 => {
                "number".into()
            }
            Type::Char | Type::String => "string".into(),
            Type::Id(id) => self.defined(*id),
            Type::ErrorContext => panic!("the contract has no error context"),
        }
    }

    fn defined(&self, id: TypeId) -> String {
        let definition = &self.resolve.types[id];
        match (&definition.name, &definition.kind) {
            (Some(_), TypeDefKind::Type(Type::Id(base))) => return self.defined(*base),
            (Some(name), _) => {
                let TypeOwner::Interface(owner) = definition.owner else { panic!("every type lies in an interface") };
                return format!("{}.{}", self.resolve.interfaces[owner].name.as_deref().expect("our interfaces have names"), pascal(name));
            }
            (None, _) => {}
        }
        match &definition.kind {
            TypeDefKind::List(of) => self.list(of),
            TypeDefKind::Option(of) => format!("{} | null", self.name(of)),
            TypeDefKind::Tuple(tuple) => {
                let parts: Vec<String> = tuple.types.iter().map(|part| self.name(part)).collect();
                format!("[{}]", parts.join(", "))
            }
            other => panic!("{other:?}: teach this test to name it"),
        }
    }

    fn list(&self, of: &Type) -> String {
        match of {
            Type::U8 => "Uint8Array".to_owned(),
            of => format!("{}[]", self.name(of)),
        }
    }
}

/// `known-reference` as `KnownReference`.
fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

/// `known-reference` as `knownReference`.
fn camel(name: &str) -> String {
    let name = pascal(name);
    name[..1].to_ascii_lowercase() + &name[1..]
}
