//! An interpreter for the commands that the gate suggests: each changes a [`State`] as the command would change a store.

use crate::state::{Kept, PluginKept, State, StatusesKept};
use cartage::carts::{Cart, LabelTarget};
use cartage::events::{self, Label};
use cartage::gate::question::CartSwitch;
use cartage::gate::{Again, ChangeRule, Given, Mode};
use cartage::id::CartId;
use cartage::parameters::{Scope, assign};

/// Runs one suggested command.
pub(crate) fn run(state: &mut State, command: &str) {
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cartage", "param", "set", name, value] => {
            assign(name, Scope::System, value).expect(command);
            state.parameters.insert((*name).to_owned(), (*value).to_owned());
        }
        ["cartage", "param", "set", name, value, "--cart", cart] => {
            let cart = known_cart(state, cart);
            assign(name, Scope::Cart(cart.clone()), value).expect(command);
            state.cart_parameters.entry(cart).or_default().insert((*name).to_owned(), (*value).to_owned());
        }
        ["cartage", "event", "set", name, options @ ..] => event_set(state, name, options),
        ["cartage", "send", "--cart", cart, options @ ..] => {
            assert_eq!(&known_cart(state, cart), &state.cart, "{command}");
            send(state, options);
        }
        ["cartage", "cart", "new", cart, "--plugin", "PLUGIN.wasm"] => {
            let cart = CartId::new(*cart).expect(command);
            assert!(!state.carts.contains_key(&cart), "{command}: it exists");
        }
        ["cartage", "apply", file] => {
            let cart = CartId::new(file.strip_suffix(".toml").expect(command)).expect(command);
            state.carts.insert(cart.clone(), new_cart(&cart));
        }
        ["cartage", "cart", "enable", cart] => kept(state, cart).state = CartSwitch::Enabled,
        ["cartage", "cart", "mode", cart, "live"] => kept(state, cart).mode = Mode::Live,
        ["cartage", "cart", "upgrade", cart, options @ ..] => upgrade(kept(state, cart), options),
        ["cartage", "cart", "label", cart, label, "--status", status] => map(kept(state, cart), label, status),
        ["cartage", "cart", "label", cart, status, "--", label] => {
            map(kept(state, cart), label, status.strip_prefix("--status=").expect(command));
        }
        ["cartage", "cart", "label", cart, label, status] => {
            map(kept(state, cart), label, status.strip_prefix("--status=").expect(command));
        }
        ["cartage", "cart", "label", cart, "--status", status, "--", label] => map(kept(state, cart), label, status),
        _ => panic!("no such command: {command}"),
    }
}

fn event_set(state: &mut State, name: &str, options: &[&str]) {
    let event = events::find(name).expect("the command names an event that exists");
    let setting = state.events.entry(event.name.to_owned()).or_default();
    let label = match options {
        ["--notify-cart"] => None,
        ["--order-label", label, "--notify-cart"] => Some(*label),
        [label, "--notify-cart"] => label.strip_prefix("--order-label="),
        _ => panic!("no such options: {options:?}"),
    };
    if let Some(label) = label {
        setting.order_label = Some(Label::new(label).expect("a valid label"));
    }
    setting.notify_cart = true;
}

fn send(state: &mut State, options: &[&str]) {
    let mut options = options.iter();
    state.cause = crate::state::CauseGiven::Given(Given::ByHand);
    while let Some(option) = options.next() {
        let (name, value) = option.split_once('=').map_or((*option, None), |(name, value)| (name, Some(value)));
        let mut value = || value.or_else(|| options.next().copied()).expect("an option has a value").to_owned();
        match name {
            "--order" => assert_eq!(value(), state.order.as_str()),
            "--label" => state.label = Some(value()),
            "--again" => state.again = Again::Yes,
            _ => panic!("no such option: {option}"),
        }
    }
}

fn upgrade(kept: &mut Kept, options: &[&str]) {
    kept.plugin = match (options, &kept.plugin) {
        (["--plugin", "PLUGIN.wasm", "--approve"], PluginKept::AwaitsApproval) => any_plugin(),
        (["--plugin", "PLUGIN.wasm"], plugin) if !matches!(plugin, PluginKept::AwaitsApproval) => any_plugin(),
        (options, plugin) => panic!("an upgrade with {options:?} does not help {plugin:?}"),
    };
}

/// Maps a label; the operator replaces STATUS in the command by a status of the cart.
fn map(kept: &mut Kept, label: &str, status: &str) {
    let known = match &kept.plugin {
        PluginKept::Admitted { statuses: StatusesKept::Fixed(known) | StatusesKept::Asked(known), .. } => Some(known),
        _ => None,
    };
    let status = match (status, known) {
        ("STATUS", Some(known)) => known[0].clone(),
        (status, _) => status.to_owned(),
    };
    assert!(known.is_none_or(|known| known.contains(&status)), "the cart has no status {status:?}");
    kept.definition.labels.insert(label.to_owned(), LabelTarget::Status(status));
}

fn known_cart(state: &State, cart: &str) -> CartId {
    let cart = CartId::new(cart).expect("a valid Cart ID");
    assert!(state.carts.contains_key(&cart), "there is no cart {cart}");
    cart
}

fn kept<'s>(state: &'s mut State, cart: &str) -> &'s mut Kept {
    let cart = known_cart(state, cart);
    state.carts.get_mut(&cart).expect("the line above looked")
}

fn new_cart(cart: &CartId) -> Kept {
    let text = format!("cart = \"{cart}\"\nplugin = \"any.wasm\"");
    Kept {
        definition: Cart::parse("new.toml", &text).expect("a minimal cart is valid"),
        state: CartSwitch::Enabled,
        mode: Mode::Shadow,
        changes: ChangeRule::default(),
        plugin: any_plugin(),
    }
}

/// A plugin that supports everything.
fn any_plugin() -> PluginKept {
    PluginKept::Admitted { lacks: vec![], statuses: StatusesKept::FreeText }
}

/// Splits a command into words as a shell does.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut chars = command.chars();
    let mut quote = None;
    let mut start = true;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ') => {
                start = true;
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (_, c) => {
                if start {
                    words.push(String::new());
                    start = false;
                }
                let c = if quote.is_none() && c == '\\' { chars.next().expect("nothing ends in a backslash") } else { c };
                words.last_mut().expect("a word was begun").push(c);
                continue;
            }
        }
        if start {
            words.push(String::new());
            start = false;
        }
    }
    words
}
