//! Packages: each becomes a fulfilment with its contents.
//!
//! A fulfilment needs lines, and Vendure cannot change a fulfilment later. So packages whose contents are not known share one fulfilment, which takes all
//! that is left of the order and has all their tracking codes. If nothing is left, a package is reported in a note.

use crate::goal::Goal;
use crate::notes::Notes;
use crate::order::{BETWEEN_CODES, Fulfilment, Order, Places};
use crate::refusal;
use crate::shop::Shop;
use cartage_sdk::delivery::may_have_arrived;
use cartage_sdk::json::Value;
use cartage_sdk::orders::{news, standing_packages};
use cartage_sdk::{Context, Delivery, Failure, Package, Progress, Update};

/// The setting for the code of the fulfilment handler.
pub(crate) const HANDLER: &str = "handler";
/// The setting for the name of the handler's argument for carrier and method.
pub(crate) const METHOD: &str = "method-argument";
/// The setting for the name of the handler's argument for the tracking code.
pub(crate) const TRACKING: &str = "tracking-argument";

/// The longest tracking code, in characters: the length of Vendure's column.
const TRACKING_CHARS_MAX: usize = 255;

/// Marks a SKU that several lines have: the lines differ in a property that the SKU does not show.
const SEVERAL: usize = usize::MAX;

/// Makes a fulfilment for each new package, and for the rest of the order if the status says that all of it is shipped.
pub(crate) fn fulfil(
    work: &mut Progress<'_>,
    shop: &Shop<'_>,
    notes: &mut Notes<'_, '_>,
    (update, delivery): (&Update, &Delivery),
    order: &mut Order,
) -> Result<(), Failure> {
    let goal = Goal::of(update.status.as_deref());
    let (mut together, mut twins) = (Vec::new(), Vec::new());
    for (place, package) in news(update).new_packages() {
        if let Some(made) = order.fulfilment_of(package) {
            work.found(place, Some(&made.id));
            continue;
        }
        let items = items(package, update);
        if items.is_empty() {
            goal.needs_contents(package)?;
            together.push((place, package));
            continue;
        }
        let contents = contents(order, &items)?;
        if let Some(twin) = twin_of(order, package, &contents, &twins).filter(|_| may_have_arrived(delivery)) {
            work.found(place, Some(&twin.id));
            twins.push(twin.id.clone());
            continue;
        }
        check_left(order, &contents)?;
        let id = make(work, shop, order, &contents, &carrier(package), package.tracking_number.as_deref().unwrap_or_default())?;
        work.told(place, Some(&id));
    }
    fulfil_together(work, shop, notes, update, order, &together)?;
    let left = order.left();
    if goal.is_of_all() && takes_rest(update) && !is_empty(&left) {
        make(work, shop, order, &left, "", "")?;
    }
    Ok(())
}

/// Makes one fulfilment for all packages whose contents are not known.
fn fulfil_together(
    work: &mut Progress<'_>,
    shop: &Shop<'_>,
    notes: &mut Notes<'_, '_>,
    update: &Update,
    order: &mut Order,
    packages: &[(usize, &Package)],
) -> Result<(), Failure> {
    let Some((_, first)) = packages.first() else { return Ok(()) };
    let left = order.left();
    let mut code = String::new();
    let (mut inside, mut beside) = (Vec::new(), Vec::new());
    for (place, package) in packages {
        let number = package.tracking_number.as_deref().unwrap_or_default();
        let between = if code.is_empty() || number.is_empty() { "" } else { BETWEEN_CODES };
        if is_empty(&left) || code.chars().count() + between.len() + number.chars().count() > TRACKING_CHARS_MAX {
            beside.push((*place, *package));
        } else {
            code.push_str(between);
            code.push_str(number);
            inside.push(*place);
        }
    }
    if !inside.is_empty() {
        let id = make(work, shop, order, &left, &carrier(first), &code)?;
        inside.into_iter().for_each(|place| work.told(place, Some(&id)));
    }
    for (place, package) in beside {
        // A package without a number leaves nothing to report: an earlier attempt may have made its fulfilment.
        if let Some(number) = &package.tracking_number {
            let text = format!("Package: {} {number}", carrier(package));
            notes.add(work, &text, update.notify_customer == Some(true))?;
        }
        work.found(place, None);
    }
    Ok(())
}

/// Whether items that are in no package are shipped as well: the packages' contents are not known, or the order will have no other packages.
fn takes_rest(update: &Update) -> bool {
    update.packages_complete == Some(true) || standing_packages(update).all(|package| items(package, update).is_empty())
}

/// The carrier and the method in one text, as Vendure shows them.
fn carrier(package: &Package) -> String {
    let words = [package.carrier.as_deref(), package.method.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A quantity of one line, as the sender names it.
struct Item<'u> {
    web_line_id: Option<&'u str>,
    sku: Option<&'u str>,
    quantity: &'u str,
}

/// The items in a package, from its contents, or otherwise from what the lines say of it. Empty if neither says anything.
fn items<'u>(package: &'u Package, update: &'u Update) -> Vec<Item<'u>> {
    if !package.contents.is_empty() {
        let item = |content: &'u cartage_sdk::Content| Item {
            web_line_id: content.web_line_id.as_deref(),
            sku: content.sku.as_deref(),
            quantity: &content.quantity,
        };
        return package.contents.iter().map(item).collect();
    }
    let Some(id) = package.id.as_deref() else { return Vec::new() };
    let of_line = |line: &'u cartage_sdk::LineItem| {
        let here = line.packages.iter().filter(move |own| own.package_id == id);
        here.map(|own| Item { web_line_id: line.web_line_id.as_deref(), sku: line.sku.as_deref(), quantity: &own.quantity })
    };
    update.line_items.iter().flat_map(of_line).collect()
}

/// The quantity of each of the order's lines, by its index, that is in a package.
fn contents(order: &Order, items: &[Item<'_>]) -> Result<Vec<i64>, Failure> {
    let (ids, skus) = (order.places(), skus(order));
    let mut contents = vec![0_i64; order.lines.len()];
    for item in items {
        let of_sku = || item.sku.and_then(|sku| skus.get(sku));
        let place = match item.web_line_id.and_then(|id| ids.get(id)).or_else(of_sku) {
            Some(&SEVERAL) => {
                return Err(Failure::invalid_data(format!("the order has several lines {}; name the line by its id", named(item))));
            }
            Some(place) => *place,
            None => return Err(Failure::invalid_data(format!("the order has no line {}", named(item)))),
        };
        let quantity = whole(item.quantity).ok_or_else(|| {
            Failure::invalid_data(format!("{} of the line {} cannot be shipped: Vendure counts whole items", item.quantity, named(item)))
        })?;
        contents[place] = contents[place].saturating_add(quantity);
    }
    if is_empty(&contents) {
        return Err(Failure::invalid_data("a package has contents whose quantities are all 0"));
    }
    Ok(contents)
}

/// The index of each line by its SKU, or [`SEVERAL`].
fn skus(order: &Order) -> Places<'_> {
    let mut skus = Places::new();
    for (place, line) in order.lines.iter().enumerate() {
        skus.entry(&line.sku).and_modify(|place| *place = SEVERAL).or_insert(place);
    }
    skus
}

fn is_empty(contents: &[i64]) -> bool {
    contents.iter().all(|quantity| *quantity == 0)
}

/// Checks that a package holds no more of a line than is in no fulfilment yet.
fn check_left(order: &Order, contents: &[i64]) -> Result<(), Failure> {
    for ((line, wanted), left) in order.lines.iter().zip(contents).zip(order.left()) {
        if *wanted > left {
            return Err(Failure::invalid_data(format!(
                "a package has {wanted} of line {}, of which {left} are in no fulfilment yet",
                line.id
            )));
        }
    }
    Ok(())
}

fn named(item: &Item<'_>) -> String {
    format!("with the id {} or the SKU {}", item.web_line_id.unwrap_or("(none)"), item.sku.unwrap_or("(none)"))
}

/// A whole number of items, which may be written with a decimal point (`2.000`).
fn whole(quantity: &str) -> Option<i64> {
    let (whole, rest) = quantity.split_once('.').unwrap_or((quantity, ""));
    let is_whole = rest.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|whole| is_whole && *whole >= 0)
}

/// Makes a fulfilment, whose state is then Pending, and returns its id.
fn make(
    work: &mut Progress<'_>,
    shop: &Shop<'_>,
    order: &mut Order,
    contents: &[i64],
    carrier: &str,
    code: &str,
) -> Result<String, Failure> {
    order.can_be_shipped()?;
    let mutation = format!(
        "mutation Fulfil($input: FulfillOrderInput!) {{ addFulfillmentToOrder(input: $input) {{ \
         ... on Fulfillment {{ id state nextStates method trackingCode lines {{ orderLineId quantity }} }} {} }} }}",
        refusal::OF_FULFILMENT
    );
    let lines = order.lines.iter().zip(contents).filter(|(_, quantity)| **quantity > 0);
    let lines = lines.map(|(line, quantity)| Value::object([("orderLineId", line.id.as_str().into()), ("quantity", (*quantity).into())]));
    let input = Value::object([("lines", Value::List(lines.collect())), ("handler", handler(shop.context, carrier, code)?)]);
    let data = shop.write(&mutation, [("input", input)])?;
    let made = Fulfilment::read(refusal::result(&data, "addFulfillmentToOrder")??, &order.places())?;
    let id = made.id.clone();
    work.step("fulfilment made", Some(&id));
    order.add(made);
    Ok(id)
}

fn handler(context: &Context, carrier: &str, code: &str) -> Result<Value, Failure> {
    let argument = |name: &str, value: &str| Value::object([("name", name.into()), ("value", value.into())]);
    let method = context.maybe_text(METHOD).filter(|name| !name.is_empty()).map(|name| argument(name, carrier));
    let tracking = argument(context.text(TRACKING)?, code);
    let arguments = method.into_iter().chain([tracking]).collect();
    Ok(Value::object([("code", context.text(HANDLER)?.into()), ("arguments", Value::List(arguments))]))
}

/// A fulfilment without a tracking code that has the same contents as a package without a number, and does not belong to another package.
fn twin_of<'o>(order: &'o Order, package: &Package, contents: &[i64], others: &[String]) -> Option<&'o Fulfilment> {
    let lines = contents.iter().filter(|quantity| **quantity > 0).count();
    let has_the_same = |own: &Fulfilment| own.contents.len() == lines && own.contents.iter().all(|(place, own)| contents[*place] == *own);
    let mut unnumbered = order.fulfilments().filter(|own| package.tracking_number.is_none() && own.code.is_empty());
    unnumbered.find(|own| !others.contains(&own.id) && has_the_same(own))
}
