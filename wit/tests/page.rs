//! `docs/contract.md` is what the WIT files say, as a page: every function, type, field and case with its documentation. `BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use wit_parser::{Docs, Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem};

/// The interfaces in the order in which a reader meets them.
const INTERFACES: [&str; 7] = ["orders", "delivery", "http", "signing", "log", "manifest", "growth"];

const HEAD: &str = "\
# The plugin contract

This page is made from the WIT files in `wit/`, which are the contract; a test holds it to them. A type's name leads to its section.

";

#[test]
fn the_page_is_what_the_wit_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = folder.join("../docs/contract.md");
    let made = page(folder);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, &made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", kept.display()));
    assert!(kept == made, "docs/contract.md is not what the WIT files say: BLESS=1 writes it anew");
}

fn page(folder: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).expect("the WIT files parse");
    let package = &resolve.packages[package];
    let mut page = Page { resolve: &resolve, text: HEAD.to_owned() };
    page.line(&format!("`{}`", package.name));
    page.docs(&package.docs, 2);
    let world = &resolve.worlds[package.worlds["plugin"]];
    page.heading(2, "What a plugin exports");
    page.docs(&world.docs, 3);
    for item in world.exports.values() {
        if let WorldItem::Function(function) = item {
            page.function(function);
        }
    }
    for name in INTERFACES {
        page.interface(name, package.interfaces[name]);
    }
    assert_eq!(package.interfaces.len(), INTERFACES.len(), "every interface has its place on the page");
    page.text.trim_end().to_owned() + "\n"
}

struct Page<'a> {
    resolve: &'a Resolve,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\n\n");
    }

    fn heading(&mut self, level: usize, text: &str) {
        self.line(&format!("{} {text}", "#".repeat(level)));
    }

    /// A doc comment as it stands, its own headings below the one above it.
    fn docs(&mut self, docs: &Docs, level: usize) {
        let text = docs.contents.as_deref().unwrap_or_default().trim();
        let lowered: Vec<String> = text.lines().map(|line| lowered(line.trim_end(), level)).collect();
        self.line(&lowered.join("\n"));
    }

    fn interface(&mut self, name: &str, id: InterfaceId) {
        let interface = &self.resolve.interfaces[id];
        self.heading(2, &format!("Interface {name}"));
        self.docs(&interface.docs, 3);
        for function in interface.functions.values() {
            self.function(function);
        }
        for (name, id) in &interface.types {
            // A `use` of another interface's type is documented there.
            if !matches!(self.resolve.types[*id].kind, TypeDefKind::Type(Type::Id(_))) {
                self.type_definition(name, *id);
            }
        }
    }

    fn function(&mut self, function: &Function) {
        self.heading(3, &function.name);
        let parameters: Vec<String> = function.params.iter().map(|param| format!("{}: {}", param.name, self.name(&param.ty))).collect();
        let result = function.result.as_ref().map(|ty| format!(" -> {}", self.name(ty))).unwrap_or_default();
        self.line(&format!("<code>{}({}){result}</code>", function.name, parameters.join(", ")));
        self.docs(&function.docs, 4);
    }

    fn type_definition(&mut self, name: &str, id: TypeId) {
        let definition = &self.resolve.types[id];
        self.heading(3, &format!("<a id=\"{}\"></a>{name}", self.anchor(id)));
        let rows: Vec<(String, Option<Type>, &Docs)> = match &definition.kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| (field.name.clone(), Some(field.ty), &field.docs)).collect(),
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| (case.name.clone(), case.ty, &case.docs)).collect(),
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.clone(), None, &case.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.clone(), None, &flag.docs)).collect(),
            TypeDefKind::List(of) => {
                let list = format!("<code>list&lt;{}&gt;</code>", self.name(of));
                self.line(&list);
                Vec::new()
            }
            other => panic!("{name} is {other:?}: teach this page its parts"),
        };
        let docs = definition.docs.clone();
        self.docs(&docs, 4);
        if rows.is_empty() {
            return;
        }
        let heads = match &definition.kind {
            TypeDefKind::Record(_) => "| field | type | |\n|---|---|---|",
            TypeDefKind::Flags(_) => "| flag | | |\n|---|---|---|",
            _ => "| case | with | |\n|---|---|---|",
        };
        self.text.push_str(heads);
        for (name, ty, docs) in rows {
            let ty = ty.map(|ty| format!("<code>{}</code>", self.name(&ty))).unwrap_or_default();
            let _ = write!(self.text, "\n| `{name}` | {ty} | {} |", cell(docs));
        }
        self.text.push_str("\n\n");
    }

    /// Two interfaces may have a type of one name.
    fn anchor(&self, id: TypeId) -> String {
        let definition = &self.resolve.types[id];
        let TypeOwner::Interface(owner) = definition.owner else { panic!("every type lies in an interface") };
        let interface = self.resolve.interfaces[owner].name.as_deref().expect("our interfaces have names");
        format!("{interface}-{}", definition.name.as_deref().expect("a type of an interface has a name"))
    }

    /// A type as WIT writes it, with links to those that have a section.
    fn name(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "u8".into(),
            Type::U16 => "u16".into(),
            Type::U32 => "u32".into(),
            Type::U64 => "u64".into(),
            Type::S8 => "s8".into(),
            Type::S16 => "s16".into(),
            Type::S32 => "s32".into(),
            Type::S64 => "s64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::Char => "char".into(),
            Type::String => "string".into(),
            Type::ErrorContext => "error-context".into(),
            Type::Id(id) => self.defined(*id),
        }
    }

    fn defined(&self, id: TypeId) -> String {
        let definition = &self.resolve.types[id];
        match (&definition.name, &definition.kind) {
            // A `use` of another interface's type.
            (Some(_), TypeDefKind::Type(Type::Id(base))) => return self.defined(*base),
            (Some(name), _) => return format!("<a href=\"#{}\">{name}</a>", self.anchor(id)),
            (None, _) => {}
        }
        match &definition.kind {
            TypeDefKind::List(of) => format!("list&lt;{}&gt;", self.name(of)),
            TypeDefKind::Option(of) => format!("option&lt;{}&gt;", self.name(of)),
            TypeDefKind::Tuple(tuple) => {
                let parts: Vec<String> = tuple.types.iter().map(|part| self.name(part)).collect();
                format!("tuple&lt;{}&gt;", parts.join(", "))
            }
            TypeDefKind::Result(result) => {
                let part = |part: &Option<Type>| part.as_ref().map_or_else(|| "_".to_owned(), |ty| self.name(ty));
                format!("result&lt;{}, {}&gt;", part(&result.ok), part(&result.err))
            }
            other => panic!("{other:?}: teach this page to name it"),
        }
    }
}

fn lowered(line: &str, level: usize) -> String {
    match line.strip_prefix("# ") {
        Some(heading) => format!("{} {heading}", "#".repeat(level + 1)),
        None => line.to_owned(),
    }
}

/// A doc comment in one cell of a table.
fn cell(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_default().trim().replace("\n\n", "<br><br>");
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
