//! Counts the parts of a component, in one pass, before a validator or a compiler builds anything of it.
//!
//! Both take more than linear time or memory for some shapes: components in components, types in types (read by recursion, so that the
//! stack overflows), resource types in imported instances, instances of components that instantiate others twice (2 to the power of their
//! depth), calls and branches that carry a thousand values. A few hundred bytes were enough for a minute of work or for the end of the
//! process. The bounds leave room for real plugins: a JavaScript engine of 12 MB has 20,000 functions, types of up to 23 parameters, 48,000
//! targets of branch tables, one function of 180 KB and an outline of a few hundred items.

use super::Error;
use wasmparser::{
    BlockType, ComponentAlias, ComponentDefinedType, ComponentInstance, ComponentOuterAliasKind, ComponentType, ComponentTypeDeclaration,
    ComponentTypeRef, CoreType, Encoding, FunctionBody, Instance, InstanceTypeDeclaration, Operator, Parser, Payload, TypeBounds, TypeRef,
};

/// The deepest nesting of components and modules.
const DEPTH_MAX: u64 = 10;
/// The most components and modules, including the outermost one.
const COMPONENTS_MAX: u64 = 200;
/// The most instances that instantiating the whole makes, of components and of modules, including instances that are only lists of exports.
const INSTANCES_MAX: u64 = 1_000;
/// The most sections of all kinds.
const SECTIONS_MAX: u64 = 20_000;
/// The most items of components: types with all that they declare, imports, exports, aliases, functions.
const ITEMS_MAX: u64 = 20_000;
/// The most resource types that are declared, imported or defined.
const RESOURCES_MAX: u64 = 200;
/// The deepest nesting of types within types. The validator reads them by recursion.
const NESTED_TYPES_MAX: u64 = 100;
/// The most function types of modules.
const FUNCTION_TYPES_MAX: u64 = 20_000;
/// The most imports and exports of modules.
const LINKS_MAX: u64 = 50_000;
/// The most functions of modules.
const FUNCTIONS_MAX: u64 = 300_000;
/// The most tables, memories and globals of modules, with their segments of elements and data.
const DEFINITIONS_MAX: u64 = 100_000;
/// The largest function, in bytes.
const FUNCTION_BYTES_MAX: u64 = 2 << 20;
/// The most local variables of all functions together.
const LOCALS_MAX: u64 = 5_000_000;
/// The most values that all instructions together move. Each instruction counts one, plus the values of the type that it calls or branches
/// with.
const VALUES_MAX: u64 = 200_000_000;

/// The number of parts of one kind, and its bound.
struct Count {
    what: &'static str,
    max: u64,
    count: u64,
}

impl Count {
    fn of(what: &'static str, max: u64) -> Count {
        Count { what, max, count: 0 }
    }

    fn add(&mut self, more: u64) -> Result<(), Error> {
        self.count = self.count.saturating_add(more);
        self.at_most(self.count)
    }

    fn at_most(&self, count: u64) -> Result<(), Error> {
        if count > self.max { Err(Error::TooMuch { what: self.what, count, max: self.max }) } else { Ok(()) }
    }
}

/// A component or module that is being read.
#[derive(Default)]
struct Open {
    /// Whether this is a component; otherwise a module.
    is_component: bool,
    /// For each component with a number here, the instances that instantiating it makes.
    components: Vec<u64>,
    /// The instances that instantiating this one makes.
    instances: u64,
    /// For each function type, the number of its parameters and results.
    types: Vec<u64>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    /// The number of functions whose code was read.
    bodies: usize,
    /// The number of imported functions.
    imported: usize,
}

/// The counts so far.
struct Counts<'a> {
    bytes: &'a [u8],
    open: Vec<Open>,
    depth: Count,
    components: Count,
    instances: Count,
    sections: Count,
    items: Count,
    resources: Count,
    nested_types: Count,
    function_types: Count,
    links: Count,
    functions: Count,
    definitions: Count,
    function_bytes: Count,
    locals: Count,
    values: Count,
}

/// Refuses a component that has more of any part than a validator and a compiler can take in good time.
pub(super) fn check(bytes: &[u8]) -> Result<(), Error> {
    let mut counts = Counts {
        bytes,
        open: Vec::new(),
        depth: Count::of("components and modules in each other", DEPTH_MAX),
        components: Count::of("components and modules", COMPONENTS_MAX),
        instances: Count::of("instances", INSTANCES_MAX),
        sections: Count::of("sections", SECTIONS_MAX),
        items: Count::of("types, imports, exports and aliases of components", ITEMS_MAX),
        resources: Count::of("resource types", RESOURCES_MAX),
        nested_types: Count::of("types written within types", NESTED_TYPES_MAX),
        function_types: Count::of("function types", FUNCTION_TYPES_MAX),
        links: Count::of("imports and exports of modules", LINKS_MAX),
        functions: Count::of("functions", FUNCTIONS_MAX),
        definitions: Count::of("tables, memories, globals and segments", DEFINITIONS_MAX),
        function_bytes: Count::of("bytes in one function", FUNCTION_BYTES_MAX),
        locals: Count::of("local variables", LOCALS_MAX),
        values: Count::of("values that its instructions move", VALUES_MAX),
    };
    for payload in Parser::new(0).parse_all(bytes) {
        counts.payload(payload.map_err(Error::Invalid)?)?;
    }
    Ok(())
}

impl Counts<'_> {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.open.push(Open { is_component: encoding == Encoding::Component, instances: 1, ..Open::default() });
                self.components.add(1)?;
                return self.depth.at_most(self.open.len() as u64);
            }
            Payload::End(_) => return self.end(),
            Payload::CodeSectionEntry(body) => return self.body(&body),
            Payload::CodeSectionStart { .. } | Payload::CustomSection(_) | Payload::UnknownSection { .. } => {}
            Payload::TypeSection(section) => {
                self.function_types.add(section.count().into())?;
                for function in section.into_iter_err_on_gc_types() {
                    let function = function.map_err(Error::Invalid)?;
                    let values = function.params().len() + function.results().len();
                    self.here()?.types.push(values as u64);
                }
            }
            Payload::ImportSection(section) => {
                self.links.add(section.count().into())?;
                for import in section.into_imports() {
                    if let TypeRef::Func(of) = import.map_err(Error::Invalid)?.ty {
                        let here = self.here()?;
                        here.functions.push(of);
                        here.imported += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                self.functions.add(section.count().into())?;
                for of in section {
                    let of = of.map_err(Error::Invalid)?;
                    self.here()?.functions.push(of);
                }
            }
            Payload::ExportSection(section) => self.links.add(section.count().into())?,
            Payload::TableSection(section) => self.definitions.add(section.count().into())?,
            Payload::MemorySection(section) => self.definitions.add(section.count().into())?,
            Payload::GlobalSection(section) => self.definitions.add(section.count().into())?,
            Payload::ElementSection(section) => self.definitions.add(section.count().into())?,
            Payload::DataSection(section) => self.definitions.add(section.count().into())?,
            other => self.component_section(other)?,
        }
        self.sections.add(1)
    }

    fn component_section(&mut self, payload: Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::InstanceSection(section) => {
                self.instances.add(section.count().into())?;
                for instance in section {
                    if let Instance::Instantiate { args, .. } = instance.map_err(Error::Invalid)? {
                        self.items.add(args.len() as u64)?;
                    }
                    self.here()?.instances += 1;
                }
                Ok(())
            }
            Payload::ComponentInstanceSection(section) => {
                self.instances.add(section.count().into())?;
                for instance in section {
                    self.instance(&instance.map_err(Error::Invalid)?)?;
                }
                Ok(())
            }
            Payload::ComponentAliasSection(section) => {
                self.items.add(section.count().into())?;
                for alias in section {
                    self.alias(&alias.map_err(Error::Invalid)?)?;
                }
                Ok(())
            }
            Payload::CoreTypeSection(section) => {
                self.items.add(section.count().into())?;
                for core in section {
                    if let CoreType::Module(declared) = core.map_err(Error::Invalid)? {
                        self.items.add(declared.len() as u64)?;
                    }
                }
                Ok(())
            }
            Payload::ComponentTypeSection(section) => {
                self.items.add(section.count().into())?;
                self.nested_types.at_most(nested_at_most(&self.bytes[section.range()]))?;
                for declared in section {
                    self.component_type(&declared.map_err(Error::Invalid)?)?;
                }
                Ok(())
            }
            Payload::ComponentImportSection(section) => {
                self.items.add(section.count().into())?;
                for import in section {
                    let ty = import.map_err(Error::Invalid)?.ty;
                    self.reference(&ty)?;
                    if matches!(ty, ComponentTypeRef::Component(_)) {
                        self.here()?.components.push(UNKNOWN);
                    }
                }
                Ok(())
            }
            Payload::ComponentExportSection(section) => {
                self.items.add(section.count().into())?;
                for export in section {
                    let export = export.map_err(Error::Invalid)?;
                    // An export gives what it exports one more number.
                    if export.kind == wasmparser::ComponentExternalKind::Component {
                        let here = self.here()?;
                        let same = here.components.get(export.index as usize).copied().unwrap_or(UNKNOWN);
                        here.components.push(same);
                    }
                }
                Ok(())
            }
            Payload::ComponentCanonicalSection(section) => self.items.add(section.count().into()),
            // Sections of one item or none, and the headers of what follows as a payload of its own.
            _ => Ok(()),
        }
    }

    /// The component or module that is being read.
    fn here(&mut self) -> Result<&mut Open, Error> {
        self.open.last_mut().ok_or(Error::NotAComponent(super::FileKind::UnknownWasm))
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        self.instances.at_most(if closed.is_component { closed.instances } else { 0 }).or_else(|error| {
            // Only the outermost is instantiated by itself; another may never be.
            if self.open.is_empty() { Err(error) } else { Ok(()) }
        })?;
        if let Some(around) = self.open.last_mut().filter(|_| closed.is_component) {
            around.components.push(closed.instances);
        }
        Ok(())
    }

    fn instance(&mut self, instance: &ComponentInstance<'_>) -> Result<(), Error> {
        match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                self.items.add(args.len() as u64)?;
                let here = self.here()?;
                let inner = here.components.get(*component_index as usize).copied().unwrap_or(UNKNOWN);
                here.instances = here.instances.saturating_add(inner);
                Ok(())
            }
            ComponentInstance::FromExports(exports) => self.items.add(exports.len() as u64),
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), Error> {
        let instances = match alias {
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let outer = self.open.len().checked_sub(1 + *count as usize).and_then(|at| self.open.get(at));
                outer.and_then(|outer| outer.components.get(*index as usize)).copied().unwrap_or(UNKNOWN)
            }
            ComponentAlias::InstanceExport { kind: wasmparser::ComponentExternalKind::Component, .. } => UNKNOWN,
            ComponentAlias::Outer { .. } | ComponentAlias::InstanceExport { .. } | ComponentAlias::CoreInstanceExport { .. } => {
                return Ok(());
            }
        };
        self.here()?.components.push(instances);
        Ok(())
    }

    /// Counts a type, with the types that are written within it, at most [`NESTED_TYPES_MAX`] deep.
    fn component_type(&mut self, declared: &ComponentType<'_>) -> Result<(), Error> {
        match declared {
            ComponentType::Defined(defined) => self.items.add(members(defined)),
            ComponentType::Func(function) => self.items.add(function.params.len() as u64),
            ComponentType::Resource { .. } => self.resources.add(1),
            ComponentType::Component(all) => {
                self.items.add(all.len() as u64)?;
                all.iter().try_for_each(|declaration| match declaration {
                    ComponentTypeDeclaration::Type(inner) => self.component_type(inner),
                    ComponentTypeDeclaration::Export { ty, .. } => self.reference(ty),
                    ComponentTypeDeclaration::Import(import) => self.reference(&import.ty),
                    ComponentTypeDeclaration::CoreType(_) | ComponentTypeDeclaration::Alias(_) => Ok(()),
                })
            }
            ComponentType::Instance(all) => {
                self.items.add(all.len() as u64)?;
                all.iter().try_for_each(|declaration| match declaration {
                    InstanceTypeDeclaration::Type(inner) => self.component_type(inner),
                    InstanceTypeDeclaration::Export { ty, .. } => self.reference(ty),
                    InstanceTypeDeclaration::CoreType(_) | InstanceTypeDeclaration::Alias(_) => Ok(()),
                })
            }
        }
    }

    fn reference(&mut self, ty: &ComponentTypeRef) -> Result<(), Error> {
        if matches!(ty, ComponentTypeRef::Type(TypeBounds::SubResource)) { self.resources.add(1) } else { Ok(()) }
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), Error> {
        let range = body.range();
        self.function_bytes.at_most((range.end - range.start) as u64)?;
        let mut locals = body.get_locals_reader().map_err(Error::Invalid)?;
        for _ in 0..locals.get_count() {
            let (more, _) = locals.read().map_err(Error::Invalid)?;
            self.locals.add(more.into())?;
        }
        let Some(here) = self.open.last_mut() else { return Ok(()) };
        let of_type = |types: &[u64], index: u32| types.get(index as usize).copied().unwrap_or(0);
        let own = here.functions.get(here.imported + here.bodies).map_or(0, |of| of_type(&here.types, *of));
        here.bodies += 1;
        // A branch carries at most as many values as the widest block has, or the function itself.
        let (mut widest, mut moved) = (own, 0_u64);
        for operator in body.get_operators_reader().map_err(Error::Invalid)? {
            let values = match operator.map_err(Error::Invalid)? {
                Operator::Call { function_index } => here.functions.get(function_index as usize).map_or(0, |of| of_type(&here.types, *of)),
                Operator::CallIndirect { type_index, .. } => of_type(&here.types, type_index),
                Operator::Block { blockty: BlockType::FuncType(index) }
                | Operator::Loop { blockty: BlockType::FuncType(index) }
                | Operator::If { blockty: BlockType::FuncType(index) } => {
                    let values = of_type(&here.types, index);
                    widest = widest.max(values);
                    values
                }
                Operator::Br { .. } | Operator::BrIf { .. } | Operator::Return => widest,
                Operator::BrTable { targets } => (u64::from(targets.len()) + 1).saturating_mul(widest.max(1)),
                _ => 0,
            };
            moved = moved.saturating_add(1 + values);
        }
        self.values.add(moved)
    }
}

/// The count for a component that is passed as a value, whose instances are not known here. No tool produces one.
const UNKNOWN: u64 = INSTANCES_MAX + 1;

/// The number of names or types that a type lists.
fn members(defined: &ComponentDefinedType<'_>) -> u64 {
    let members = match defined {
        ComponentDefinedType::Record(fields) => fields.len(),
        ComponentDefinedType::Variant(cases) => cases.len(),
        ComponentDefinedType::Tuple(types) => types.len(),
        ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => names.len(),
        _ => 0,
    };
    members as u64
}

/// An upper bound on the nesting of a section's types: each nested type is a declaration (1) of a component type (0x41) or an instance type
/// (0x42). Nothing is parsed, because the parser recurses.
fn nested_at_most(section: &[u8]) -> u64 {
    section.windows(2).filter(|pair| matches!(pair, [1, 0x41 | 0x42])).count() as u64
}

#[cfg(test)]
mod tests;
