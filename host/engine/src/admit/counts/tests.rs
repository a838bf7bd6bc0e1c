use super::*;

fn leb(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len() as u64), content].concat()
}

/// A section of `count` equal items.
fn items(id: u8, count: u64, item: &[u8]) -> Vec<u8> {
    section(id, &[leb(count), item.repeat(count as usize)].concat())
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

fn component(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0".to_vec(), sections.concat()].concat()
}

/// A component that holds this module, which makes 2 sections.
fn holding(module: &[u8]) -> Vec<u8> {
    component(&[section(1, module)])
}

/// A module with these types, one function of the first of them, and its code.
fn code(types: &[u8], locals: &[u8], code: &[u8]) -> Vec<u8> {
    let body = [locals, code, b"\x0b"].concat();
    let bodies = [leb(1), leb(body.len() as u64), body].concat();
    holding(&module(&[section(1, types), items(3, 1, &[0]), section(10, &bodies)]))
}

/// The parts that are too many, their number and the bound; `None` if nothing is refused.
fn refused(bytes: &[u8]) -> Option<(&'static str, u64, u64)> {
    match check(bytes) {
        Ok(()) => None,
        Err(Error::TooMuch { what, count, max }) => Some((what, count, max)),
        Err(other) => panic!("{other:?}"),
    }
}

const EMPTY: &[u8] = &[0];
/// `(func)`, alone in a section.
const PLAIN: &[u8] = &[1, 0x60, 0, 0];

type Make = fn(u64) -> Vec<u8>;

#[test]
fn each_bound_holds_at_its_edge() {
    let kinds: [(&str, u64, u64, Make); 14] = [
        ("components and modules in each other", DEPTH_MAX, 1, |n| {
            (1..n).fold(component(&[]), |inner, _| component(&[section(4, &inner)]))
        }),
        ("components and modules", COMPONENTS_MAX, 1, |n| component(&vec![section(4, &component(&[])); n as usize - 1])),
        // The component itself is one.
        ("instances", INSTANCES_MAX, 1, |n| component(&[section(4, &component(&[])), items(5, n - 1, &[0, 0, 0])])),
        ("instances", INSTANCES_MAX, 1, |n| component(&[section(1, &module(&[])), items(2, n - 1, &[0, 0, 0])])),
        ("sections", SECTIONS_MAX, 1, |n| component(&vec![section(7, EMPTY); n as usize])),
        ("types, imports, exports and aliases of components", ITEMS_MAX, 1, |n| component(&[items(7, n, &[0x7d])])),
        ("resource types", RESOURCES_MAX, 1, |n| {
            let exports = [b"\x42".to_vec(), leb(n), b"\x04\0\x01a\x03\x01".repeat(n as usize)].concat();
            component(&[items(7, 1, &exports)])
        }),
        ("types written within types", NESTED_TYPES_MAX, 1, |n| {
            // The section's own count looks like one.
            component(&[section(7, &[b"\x01".to_vec(), b"\x42\x01\x01".repeat(n as usize - 1), b"\x42\0".to_vec()].concat())])
        }),
        ("function types", FUNCTION_TYPES_MAX, 1, |n| holding(&module(&[items(1, n, &[0x60, 0, 0])]))),
        ("imports and exports of modules", LINKS_MAX, 1, |n| holding(&module(&[items(2, n, b"\x01a\x01b\0\0")]))),
        ("functions", FUNCTIONS_MAX, 1, |n| holding(&module(&[section(1, PLAIN), items(3, n, &[0]), items(10, n, &[2, 0, 0x0b])]))),
        ("tables, memories, globals and segments", DEFINITIONS_MAX, 1, |n| holding(&module(&[items(6, n, b"\x7f\0\x41\0\x0b")]))),
        ("bytes in one function", FUNCTION_BYTES_MAX, 1, |n| code(PLAIN, &[0], &vec![0x01; n as usize - 2])),
        ("local variables", LOCALS_MAX, 1, |n| code(PLAIN, &[leb(1), leb(n), vec![0x7f]].concat(), &[])),
    ];
    for (what, max, step, make) in kinds {
        assert_eq!(refused(&make(max)), None, "{what}");
        assert_eq!(refused(&make(max + step)), Some((what, max + step, max)), "{what}");
    }
}

#[test]
fn values_that_instructions_move_are_counted_by_their_types() {
    // A block with a thousand results, and a table of branches out of it; a call with as many parameters.
    let wide = [b"\x01\x60\0".to_vec(), leb(1000), vec![0x7f; 1000]].concat();
    let table = |targets: u64| [b"\x02\0\0\x0e".to_vec(), leb(targets), vec![0; targets as usize], b"\0\x0b\0".to_vec()].concat();
    let calls = |count: u64| b"\x10\0".repeat(count as usize);
    for (within, over) in [
        (code(&wide, &[0], &table(190_000)), code(&wide, &[0], &table(210_000))),
        (code(&wide, &[0], &calls(190_000)), code(&wide, &[0], &calls(210_000))),
    ] {
        assert_eq!(refused(&within), None);
        assert!(matches!(refused(&over), Some(("values that its instructions move", count, VALUES_MAX)) if count > VALUES_MAX));
    }
}

#[test]
fn instances_are_counted_as_often_as_they_are_made() {
    // Each component instantiates the one before it twice, known by an alias; the outermost one instantiates the last.
    let doubled = |times: u64| {
        let inner = |nth: u64| {
            let alias = [&b"\x01\x04\x02\x01"[..], &leb(nth)].concat();
            component(&[section(6, &alias), items(5, 2, &[0, 0, 0])])
        };
        let mut sections = vec![section(4, &component(&[]))];
        sections.extend((0..times).map(|nth| section(4, &inner(nth))));
        sections.push(section(5, &[&b"\x01\0"[..], &leb(times), b"\0"].concat()));
        component(&sections)
    };
    assert_eq!(refused(&doubled(8)), None);
    assert_eq!(refused(&doubled(9)), Some(("instances", 1024, INSTANCES_MAX)));
    assert_eq!(refused(&doubled(150)).map(|(what, ..)| what), Some("instances"));
    // One that is imported may be any.
    let imported = component(&[section(7, b"\x01\x41\0"), section(10, b"\x01\0\x01a\x04\0"), items(5, 1, &[0, 0, 0])]);
    assert_eq!(refused(&imported).map(|(what, ..)| what), Some("instances"));
}

/// A list that announces more items than it has costs no more than those it has.
#[test]
fn what_is_damaged_is_invalid_and_nothing_worse() {
    for bytes in [
        component(&[section(7, &leb(19_999))]),
        component(&[section(7, b"\x01\x42\xff\xff\x03")]),
        holding(&module(&[section(1, &leb(19_999))])),
        holding(&module(&[section(10, b"\x01\x05\xff")])),
        component(&[section(5, b"\x01\0\0\xff\x7f")]),
        component(&[section(4, b"\0asm")]),
        b"\0asm\x0d\0\x01\0\x07".to_vec(),
    ] {
        assert!(matches!(check(&bytes), Err(Error::Invalid(_))), "{bytes:?}");
    }
}
