//! The command as a user or a script sees it: exit codes, the use of both output streams, and the reports about a plugin.

use cartage::id::Digest;
use cartage_tests::command::{cartage, plugin, root, xtask};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    cartage().args(arguments).output().expect("the command can be started")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the command speaks UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", text(&output.stdout)))
}

#[test]
fn wrong_use_exits_with_2_and_a_failure_with_1() {
    for wrong in [&["nonsense"][..], &["plugin"], &["plugin", "inspect"], &["plugin", "inspect", "a", "b"], &["plugin", "inspect", "/"]] {
        let output = run(wrong);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{wrong:?}");
        assert!(!output.stderr.is_empty(), "{wrong:?}");
    }
    assert_eq!(run(&["plugin", "inspect", "no/such.wasm"]).status.code(), Some(1));
    let version = run(&["--version"]);
    assert_eq!((version.status.code(), text(&version.stdout)), (Some(0), concat!("cartage ", env!("CARGO_PKG_VERSION"), "\n")));
}

/// A file of a few hundred kilobytes that would take a validator minutes and gigabytes, or overflow the stack.
#[test]
fn a_plugin_that_is_made_to_be_slow_is_refused_at_once() {
    let section = |id: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).expect("it is small");
        // The number is encoded in five bytes, however small it is.
        let padded = (0..5).map(|nth| ((length >> (7 * nth)) & 0x7f) as u8 | if nth < 4 { 0x80 } else { 0 });
        [vec![id], padded.collect(), content.to_vec()].concat()
    };
    let component = |sections: &[u8]| [b"\0asm\x0d\0\x01\0", sections].concat();
    let nested = (0..3_000).fold(component(&[]), |inner, _| component(&section(4, &inner)));
    let types = component(&section(7, &[&b"\x01"[..], &b"\x42\x01\x01".repeat(100_000), b"\x42\0"].concat()));
    let doubled: Vec<u8> = (0..40_u8)
        .flat_map(|nth| section(4, &component(&[section(6, &[1, 4, 2, 1, nth]), section(5, b"\x02\0\0\0\0\0\0")].concat())))
        .collect();
    let doubled = component(&[section(4, &component(&[])), doubled, section(5, b"\x01\0\x28\0")].concat());
    let folder = tempfile::tempdir().expect("the system has room for a temporary directory");
    let file = folder.path().join("slow.wasm");
    for (bytes, words) in [
        (nested, "11 components and modules in each other, and 10 are allowed"),
        (types, "types written within types, and 100 are allowed"),
        (doubled, "instances, and 1000 are allowed"),
    ] {
        std::fs::write(&file, bytes).expect("the directory is ours");
        let output = run(&["plugin", "inspect", file.to_str().expect("it is text")]);
        assert_eq!(output.status.code(), Some(1), "{words}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(words), "{words}: {}", text(&output.stderr));
    }
}

#[test]
fn a_filter_that_is_none_is_wrong_use() {
    let output = cartage().env("CARTAGE_LOG", "a=b=c").args(["plugin", "inspect", "x.wasm"]).output().expect("the command can be started");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("CARTAGE_LOG is \"a=b=c\"") && text(&output.stderr).contains("what to do: "));
}

#[test]
fn an_error_is_told_once_with_its_causes() {
    let output = run(&["plugin", "build", "docs"]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    for part in ["error: could not read docs/Cargo.toml\n", "\n  because: ", "\nwhat to do: name the folder"] {
        assert_eq!(said.matches(part).count(), 1, "{part:?} in {said}");
    }
    assert!(!said.contains('\u{1b}'), "no colours without a terminal: {said:?}");

    let output = run(&["plugin", "build", "docs", "--json"]);
    let error = &json(&output)["error"];
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""));
    assert_eq!((error["message"].as_str(), error["causes"].as_array().map(Vec::len)), (Some("could not read docs/Cargo.toml"), Some(1)));
    assert!(error["what-to-do"].as_str().is_some_and(|remedy| remedy.contains("cartage plugin build CRATE-DIR")), "{error}");
}

#[test]
fn a_toolchain_that_nobody_knows_is_an_error() {
    let mut command = cartage();
    let output = command.env("CARTAGE_GUEST_TOOLCHAIN", "nix").args(["plugin", "build", "plugins/integration-script"]).output();
    let output = output.expect("the command can be started");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("CARTAGE_GUEST_TOOLCHAIN is \"nix\", and only `rustup` and `debian` are known"));
}

#[test]
fn a_build_without_a_toolchain_says_what_to_run() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"my-shop\"\n").expect("a file can be written");
    let elsewhere = folder.path().to_str().expect("it is text");
    for (project, has_makefile) in [("plugins/integration-script", true), (elsewhere, false)] {
        let mut command = cartage();
        command.env("CARTAGE_GUEST_TOOLCHAIN", "rustup").env("PATH", folder.path()).args(["plugin", "build", project]);
        let output = command.output().expect("the command can be started");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in ["builds for wasm32-unknown-unknown\n    rustup: rustup is not installed\n", "rustup target add wasm32-unknown-unknown"]
        {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        assert_eq!(said.contains("make plugins"), has_makefile, "{said}");
    }
}

#[test]
fn there_is_nothing_to_install_for_a_crate() {
    let output = run(&["plugin", "build", "plugins/webhook", "--install"]);
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("nothing is installed"), "{said}");
}

/// `xtask guest-toolchain` with the command itself, on a machine that consists of these scripts.
#[test]
fn the_makefile_s_toolchain_is_the_one_that_the_command_finds() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let provide = |choice: &str| {
        let mut xtask = xtask();
        xtask.arg("guest-toolchain").arg(cartage().get_program());
        let output = xtask.env("CARTAGE_GUEST_TOOLCHAIN", choice).env("PATH", folder.path()).output().expect("it can be started");
        (output.status.code(), text(&output.stderr).to_owned())
    };
    let (code, said) = provide("nix");
    assert!(code == Some(1) && said.contains("because: CARTAGE_GUEST_TOOLCHAIN is \"nix\"") && said.contains("what to do: set"), "{said}");
    // Debian's packages lie at fixed places, where this machine may have them. So only rustup is asked for.
    let (code, said) = provide("rustup");
    assert_eq!(code, Some(1), "{said}");
    for part in ["\n  rustup is not installed\n", "because: found no Rust", "\nwhat to do: run\n"] {
        assert!(said.contains(part), "{part:?} in {said}");
    }

    let script = |name: &str, cases: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\nhere=${{0%/*}}\ncase \"$*\" in\n{cases}\nesac\n")).expect("a file can be written");
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("the file is ours");
    };
    script("rustc", "*target-libdir*) echo $here ;;\n--version) echo rustc 1.95.0 ;;");
    script(
        "rustup",
        "'which cargo' | 'which rustc') echo $here/${2} ;;\n'target add wasm32-unknown-unknown') : > $here/libstd-0.rlib ;;\n\
         'target list --installed') [ ! -e $here/libstd-0.rlib ] || echo wasm32-unknown-unknown ;;",
    );
    let installing = "installing the target: rustup target add wasm32-unknown-unknown (at most 30 s)\n";
    assert_eq!(provide("rustup"), (Some(0), installing.to_owned()));
    assert_eq!(provide("rustup"), (Some(0), String::new()), "it is there");
    script("rustc", "*target-libdir*) echo $here ;;\n--version) echo rustc 1.94.0 ;;");
    let (code, said) = provide("rustup");
    assert!(code == Some(1) && said.contains("1.94.0, and 1.95.0 or newer is needed"), "the SDK needs a newer one: {said}");
}

#[test]
fn what_is_no_plugin_is_refused_by_what_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, content, words) in [
        ("empty.wasm", &b""[..], "an empty file"),
        ("text.wasm", b"(component)", "a text file"),
        ("core.wasm", b"\0asm\x01\0\0\0", "a core module"),
        ("zip.wasm", b"PK\x03\x04rest", "an archive"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).expect("a file can be written");
        let output = cartage().args(["plugin", "inspect"]).arg(&file).output().expect("the command can be started");
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(text(&output.stderr).contains(words), "{words:?} in {}", text(&output.stderr));
    }
    let output = cartage().args(["plugin", "inspect"]).arg(folder.path()).output().expect("the command can be started");
    assert_eq!(output.status.code(), Some(1), "a folder is no plugin: {}", text(&output.stderr));
}

#[test]
fn a_plugin_is_shown_to_a_person_and_to_a_program() {
    let file = plugin("integration-script");
    let bytes = std::fs::read(&file).expect("it is there");
    let shown = cartage().args(["plugin", "inspect"]).arg(&file).output().expect("the command can be started");
    let screen = text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    for part in ["integration-script", "endpoints", "credentials", "settings", "statuses", "next: ", &Digest::of(&bytes).to_string()] {
        assert!(screen.contains(part), "{part} in {screen}");
    }
    let told = json(&cartage().args(["--json", "plugin", "inspect"]).arg(&file).output().expect("the command can be started"));
    assert_eq!((told["manifest"]["name"].as_str(), told["bytes"].as_u64()), (Some("integration-script"), Some(bytes.len() as u64)));
    assert_eq!(told["digest"].as_str(), Some(&*Digest::of(&bytes).to_string()));
    for list in ["endpoints", "slots", "settings"] {
        for item in told["manifest"][list].as_array().expect("it is a list") {
            let name = item["name"].as_str().expect("it has a name");
            assert!(screen.contains(name), "{list} {name} in {screen}");
        }
    }
}

#[test]
fn a_plugin_is_built_again_byte_for_byte() {
    let built = std::fs::read(plugin("integration-script")).expect("it is there");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let out = folder.path().join("new/folder");
    // Variables that an outer cargo sets, and that would break a build which inherited them.
    let mut command = cartage();
    command.env("RUSTC_WRAPPER", "no-such-wrapper").env("RUSTFLAGS", "--no-such-flag").env("CARGO_BUILD_TARGET", "no-such-target");
    command.args(["plugin", "build", "plugins/integration-script", "--json", "--out"]).arg(&out);
    let output = command.output().expect("the command can be started");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = json(&output);
    let built_again = &report["plugins"][0];
    assert_eq!(
        built_again["digest"].as_str(),
        Some(&*Digest::of(&built).to_string()),
        "if the sources changed, run `make guests`: {report}"
    );
    assert_eq!(std::fs::read(out.join("integration-script.wasm")).expect("it was built"), built);
    assert_eq!(std::fs::read_dir(&out).expect("it is there").count(), 1, "nothing else is left there");
    let imports = built_again["imports"].as_array().expect("it is a list");
    assert!(imports.iter().all(|import| import.as_str().is_some_and(|name| name.starts_with("cartage:plugin/"))), "{report}");
}

#[test]
fn nobody_s_folders_are_in_a_plugin() {
    let bytes = std::fs::read(plugin("integration-script")).expect("it is there");
    let top = root();
    let home = std::env::var("HOME").unwrap_or_else(|_| "/no-home".to_owned());
    for folder in [top.to_str().expect("the repository's path is UTF-8"), &*format!("{home}/")] {
        assert!(!bytes.windows(folder.len()).any(|window| window == folder.as_bytes()), "{folder} stands in the plugin");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = cartage()
        .args(["plugin", "inspect"])
        .arg(plugin("integration-script"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

/// A build that fails quickly, so that the test needs no compiler: cargo refuses the edition.
#[test]
fn a_watched_project_is_built_at_each_change() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |edition: &str| {
        let manifest = format!("[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n[workspace]\n");
        std::fs::write(folder.path().join("Cargo.toml"), manifest).expect("the folder is ours");
    };
    write("1987");
    let mut command = cartage();
    command.args(["plugin", "build", "--watch", "--json"]).arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command can be started");
    let mut results = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let mut next = || -> Value {
        let line = results.next().expect("it goes on").expect("it is text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    assert!(next()["error"]["message"].as_str().is_some_and(|message| message.contains("cargo could not build mine")));
    write("19870");
    assert!(next()["error"]["message"].as_str().is_some_and(|message| message.contains("cargo could not build mine")));
    assert!(child.try_wait().expect("it is ours").is_none(), "it waits for the next change");
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");

    let nowhere = run(&["plugin", "build", "--watch", "docs"]);
    assert_eq!(nowhere.status.code(), Some(1), "a folder that is no project ends it: {}", text(&nowhere.stderr));
}

/// A served cart: the process, which is killed when this value is dropped, and its output line by line.
struct ServedCart(std::process::Child, std::io::Lines<BufReader<std::process::ChildStdout>>);

impl ServedCart {
    fn next(&mut self) -> Value {
        let line = self.1.next().expect("it goes on").expect("it is text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for ServedCart {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_scripted_cart_is_served_and_shows_what_a_plugin_does_to_it() {
    let mut command = cartage();
    command.args(["plugin", "cart", "plugins/integration-script/cart-script", "--port", "0", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the command can be started");
    let lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let mut cart = ServedCart(child, lines);
    let url = cart.next()["endpoints"]["script"].as_str().expect("the endpoint of the rules").to_owned();
    let send = |order: &str, package: &str| {
        let mut command = cartage();
        command.args(["plugin", "run"]).arg(plugin("integration-script")).args(["--bind", &format!("script={url}"), "--loopback"]);
        command.args(["--credential", "account.setiuser=seed", "--credential", "account.password=env:SHOP_PASSWORD"]);
        command.env("SHOP_PASSWORD", "stand-in-password");
        command.args(["--credential", "account.code=main", "--setting", "encoding=delimited", "--label", "Order Shipped"]);
        command.args(["--order", order, "--package", package]).output().expect("the command can be started").status.code()
    };
    let shipment = "shipment 1Z9876543218754187 of order 1021";
    assert_eq!(send("1021", "carrier=UPS,number=1Z9876543218754187"), Some(0));
    let first = cart.next();
    assert_eq!((first["request"].as_str(), first["status"].as_u64()), (Some("POST script"), Some(200)), "{first}");
    assert!(
        first["done"].as_array().is_some_and(|done| done.contains(&shipment.into())) && first["twice"] == Value::Array(vec![]),
        "{first}"
    );
    assert_eq!(send("1021", "carrier=UPS,number=1Z9876543218754187"), Some(0));
    assert_eq!(cart.next()["twice"], serde_json::json!([shipment]), "the cart keeps what it was told");
    assert_eq!(send("9999", "carrier=UPS,number=1Z1"), Some(1));
    let refused = cart.next();
    assert_eq!((&refused["done"], refused["status"].as_u64()), (&Value::Array(vec![]), Some(200)), "{refused}");

    let taken = run(&["plugin", "cart", "plugins/integration-script/cart-script", "--port", url.split([':', '/']).nth(4).expect("a port")]);
    assert_eq!(taken.status.code(), Some(1), "{}", text(&taken.stderr));
    assert!(
        text(&taken.stderr).contains("could not listen at 127.0.0.1:") && text(&taken.stderr).contains("--port 0"),
        "{}",
        text(&taken.stderr)
    );
    assert_eq!(run(&["plugin", "cart", "docs"]).status.code(), Some(2));
}

fn new_plugin(folder: &Path, arguments: &[&str]) -> Output {
    cartage().current_dir(folder).args(["plugin", "new"]).args(arguments).output().expect("the command can be started")
}

/// `tests/guests` compiles the templates and so shows that each builds and passes its tests. This test shows that cargo accepts the project.
#[test]
fn a_new_plugin_is_a_project_that_cargo_takes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for kind in ["rest", "graphql", "webhook"] {
        let name = format!("my-{kind}-shop");
        let made = new_plugin(folder.path(), &[&name, "--kind", kind, "--json"]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let report = json(&made);
        assert_eq!((report["name"].as_str(), report["kind"].as_str()), (Some(name.as_str()), Some(kind)));
        let next: Vec<&str> = report["next"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let of_file = |what: &str| format!("cartage plugin {what} target/plugins/{name}.wasm");
        assert_eq!(next, [&format!("cd {name}"), "cargo test", "cartage plugin build", &of_file("inspect"), &of_file("test")]);
        let project = folder.path().join(&name);
        let cargo = std::process::Command::new("cargo")
            .args(["metadata", "--offline", "--format-version", "1"])
            .current_dir(&project)
            .output()
            .expect("cargo runs this test");
        assert!(cargo.status.success(), "{}", text(&cargo.stderr));
        let metadata = json(&cargo);
        let dependency = &metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == name.as_str());
        assert_eq!(dependency.expect("it is a package")["dependencies"][0]["path"].as_str(), root().join("sdk").to_str());
    }
    let shown = new_plugin(folder.path(), &["my-shop"]);
    assert!(text(&shown.stdout).contains("next: ") && text(&shown.stdout).contains("  cargo test\n"), "{}", text(&shown.stdout));
}

/// `make test-js` shows with npm that each project builds and conforms. This test shows the written files, and the message if npm's packages are missing.
#[test]
fn a_new_plugin_in_javascript_is_a_project_of_npm_s() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for kind in ["rest", "webhook"] {
        let name = format!("my-{kind}-shop");
        let made = new_plugin(folder.path(), &[&name, "--lang", "js", "--kind", kind, "--json"]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let report = json(&made);
        assert_eq!((report["lang"].as_str(), report["kind"].as_str()), (Some("js"), Some(kind)));
        assert_eq!(report["next"][1].as_str(), Some("npm install"));
        let project = folder.path().join(&name);
        let package: Value =
            serde_json::from_str(&std::fs::read_to_string(project.join("package.json")).expect("it was written")).expect("it is JSON");
        assert_eq!(
            (package["name"].as_str(), package["dependencies"]["cartage-sdk"].as_str()),
            (Some(name.as_str()), Some("file:cartage-sdk"))
        );
        for (file, original) in
            [("index.js", "sdk-js/index.js"), ("contract.d.ts", "sdk-js/contract.d.ts"), ("wit/http.wit", "wit/http.wit")]
        {
            let read = |file: &Path| std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(read(&project.join("cartage-sdk").join(file)), read(&root().join(original)));
        }
        let built =
            cartage().args(["plugin", "build"]).current_dir(&project).env("PATH", folder.path()).output().expect("it can be started");
        assert_eq!(built.status.code(), Some(1));
        let said = text(&built.stderr);
        assert!(said.contains("could not find npm") && said.contains("apt-get install nodejs npm"), "{said}");
    }
}

#[test]
fn a_name_or_a_folder_that_cannot_be_makes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::create_dir(folder.path().join("there")).expect("a folder can be made");
    for (arguments, code, words) in [
        (&["plugins/my-shop"][..], 2, "which is a path"),
        (&["../my-shop"], 2, "which is a path"),
        (&["My Shop"], 2, "lower-case letters"),
        (&["3-shops"], 2, "a letter first"),
        (&["fn"], 2, "means something else to Rust or cargo"),
        (&["there"], 1, "a file or folder of that name already exists"),
        (&["my-shop", "--kind", "soap"], 2, "webhook"),
        (&["my-shop", "--sdk", "there"], 1, "there is not the folder of the crate cartage-sdk"),
        (&["my-shop", "--lang", "js", "--sdk", "there"], 2, "a project in JavaScript contains its own SDK"),
        (&["my-shop", "--lang", "js", "--kind", "graphql"], 2, "a project of the kind graphql cannot be in JavaScript"),
    ] {
        let output = new_plugin(folder.path(), arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), ""), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(words), "{words:?} in {}", text(&output.stderr));
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("it is there").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["there"], "{arguments:?}");
    }
}
