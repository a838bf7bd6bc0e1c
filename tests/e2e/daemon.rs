//! A daemon for tests: `cartage serve` on a data directory of its own, which can be killed and started again.

use cartage_tests::command::{cartage, plugin, text};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// The password of every shop and inlet here.
pub(crate) const PASSWORD: &str = "a password for this test";

/// The password that shops may have next.
pub(crate) const NEXT_PASSWORD: &str = "the next password";

/// A data directory, and perhaps a daemon that serves it.
pub(crate) struct Daemon {
    folder: tempfile::TempDir,
    serving: Option<Serving>,
}

struct Serving {
    child: Child,
    /// Open as long as it serves, as a terminal or a log would be.
    printed: Option<BufReader<std::process::ChildStdout>>,
    api: String,
    seti: String,
}

impl Daemon {
    /// A data directory without a cart.
    pub(crate) fn new() -> Daemon {
        let daemon = Daemon { folder: tempfile::tempdir().expect("a temporary folder"), serving: None };
        daemon.done(&["init"]);
        daemon.done(&["param", "set", "UseStatusUpdates", "True"]);
        std::fs::copy(plugin("integration-script"), daemon.path("script.wasm")).expect("it is there");
        daemon
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a live cart with an inlet, whose script is at this URL. `more` are further tables of its definition.
    pub(crate) fn add_cart(&self, id: &str, script_url: &str, settings: &str, more: &str) {
        let text = format!(
            "cart = {id:?}\nplugin = \"script.wasm\"\nmode = \"live\"\n[endpoints.script]\nbase_url = {script_url:?}\n\
             private = [{{ name = \"this test's shop\", allow = \"127.0.0.1/32\" }}]\n[settings]\n{settings}\n\
             [credentials.account]\nsetiuser = {{ text = \"om\" }}\npassword = {{ env = \"SHOP_PASSWORD\" }}\n\
             [seti]\nuser = \"om\"\n{more}\n"
        );
        std::fs::write(self.path("cart.toml"), text).expect("the folder can be written");
        self.done(&["apply", "cart.toml"]);
        self.done(&["param", "set", "UseGenericStatusUpdates", "True", "--cart", id]);
        self.done(&["credential", "set", id, "seti", "password", "--env", "SHOP_PASSWORD"]);
    }

    /// Types a command; its exit code and all that it printed.
    pub(crate) fn run(&self, words: &[&str]) -> (i32, String) {
        let output = self.command(words).output().expect("the command starts");
        let (result, talk) = text(&output);
        (output.status.code().expect("it was not killed"), result + &talk)
    }

    pub(crate) fn done(&self, words: &[&str]) -> String {
        let (code, printed) = self.run(words);
        assert_eq!(code, 0, "{words:?}: {printed}");
        printed
    }

    /// Types a command that prints one document with `--json`, and succeeds.
    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let printed = self.done(&[words, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{words:?}: {error}: {printed}"))
    }

    /// A token of this role, for these carts or for all.
    pub(crate) fn token(&self, name: &str, role: &str, carts: &[&str]) -> String {
        let limits = carts.iter().flat_map(|cart| ["--cart", cart]);
        let words: Vec<&str> = ["token", "new", name, "--role", role].into_iter().chain(limits).collect();
        self.json(&words)["text"].as_str().expect("it is shown once").to_owned()
    }

    /// Puts the cart's password into the vault, so that another can wait beside it.
    pub(crate) fn keep_password(&self, cart: &str) {
        let file = self.path("cart.toml");
        let text = std::fs::read_to_string(&file).expect("the cart was added");
        std::fs::write(&file, text.replace("password = { env = \"SHOP_PASSWORD\" }\n", "")).expect("the folder can be written");
        self.done(&["apply", "cart.toml"]);
        self.done(&["credential", "set", cart, "account", "password", "--env", "SHOP_PASSWORD"]);
    }

    /// Types a command, and stops it by SIGTERM after a while, should it not have ended by itself.
    pub(crate) fn ended_after(&self, words: &[&str], at_most: std::time::Duration) -> std::process::Output {
        let child = self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let pid = child.id().to_string();
        std::thread::spawn(move || {
            std::thread::sleep(at_most);
            // One that has ended is not there any more.
            let _ = std::process::Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        });
        child.wait_with_output().expect("it ends")
    }

    /// Begins a command.
    pub(crate) fn begin(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = cartage();
        command.args(words).env("CARTAGE_DATA", self.path("data")).current_dir(self.folder.path());
        command.env("SHOP_PASSWORD", PASSWORD).env("NEXT_PASSWORD", NEXT_PASSWORD);
        command
    }

    /// Starts the daemon and waits until it serves.
    pub(crate) fn serve(&mut self) {
        self.serve_with(&[]);
    }

    /// The same, with further variables in its environment.
    pub(crate) fn serve_with(&mut self, environment: &[(&str, &str)]) {
        self.serve_as(&[], environment);
    }

    /// The same, with further options too.
    pub(crate) fn serve_as(&mut self, options: &[&str], environment: &[(&str, &str)]) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0", "--json"]);
        if !options.contains(&"--drain-s") {
            command.args(["--drain-s", "5"]);
        }
        command.args(options).envs(environment.iter().copied());
        self.start(command);
    }

    /// The same, after this piece of shell, which sets limits of the process.
    pub(crate) fn serve_after(&mut self, shell: &str) {
        let command = self.command(&["serve", "--listen", "127.0.0.1:0", "--seti-listen", "127.0.0.1:0", "--json"]);
        let mut limited = std::process::Command::new("sh");
        limited.arg("-c").arg(format!("{shell}; exec \"$0\" \"$@\"")).arg(command.get_program()).args(command.get_args());
        limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(self.folder.path());
        self.start(limited);
    }

    fn start(&mut self, mut command: std::process::Command) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).expect("the folder can be written");
        let child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        // From here on it is killed with this value, whatever happens.
        let serving = self.serving.insert(Serving { child, printed: None, api: String::new(), seti: String::new() });
        let mut printed = BufReader::new(serving.child.stdout.take().expect("it was piped"));
        let mut said = String::new();
        while serving.seti.is_empty() {
            let read = printed.read_line(&mut said).expect("it prints text");
            if read == 0 {
                panic!("the daemon ended before it served: {said}{}", std::fs::read_to_string(self.path("log")).unwrap_or_default());
            }
            if let Ok(said) = serde_json::from_str::<serde_json::Value>(&said) {
                let address = |name: &str| said[name].as_str().expect("it names the address").to_owned();
                (serving.api, serving.seti) = (address("api"), address("seti"));
            }
        }
        serving.printed = Some(printed);
    }

    /// Where the API is.
    pub(crate) fn api(&self) -> String {
        format!("http://{}", self.serving.as_ref().expect("it serves").api)
    }

    /// The addresses of the API and of the door for Order Managers.
    pub(crate) fn addresses(&self) -> [String; 2] {
        let serving = self.serving.as_ref().expect("it serves");
        [serving.api.clone(), serving.seti.clone()]
    }

    /// Where posts for this cart go.
    pub(crate) fn inlet(&self, cart: &str) -> String {
        format!("http://{}/seti/{cart}", self.serving.as_ref().expect("it serves").seti)
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            serving.child.kill().expect("it is ours");
            serving.child.wait().expect("it ends");
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        // What has ended and was not waited for is still there to be asked.
        let id = self.serving.as_ref().expect("it was started").child.id();
        std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    /// Waits until it ends by itself; whether it ended well.
    pub(crate) fn wait(&mut self) -> bool {
        let mut serving = self.serving.take().expect("it serves");
        serving.child.wait().expect("it ends").success()
    }

    /// Waits until it ends by itself, and fails; the document that it ends with.
    pub(crate) fn fails(&mut self) -> serde_json::Value {
        let mut serving = self.serving.take().expect("it serves");
        let mut said = String::new();
        serving.printed.take().expect("it served").read_to_string(&mut said).expect("it prints text");
        assert!(!serving.child.wait().expect("it ends").success(), "{said}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Tells it to stop, and waits; whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        self.signal("TERM");
        self.wait()
    }

    /// Gives it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.serving.as_ref().expect("it serves").child.id();
        let told = std::process::Command::new("kill").args([format!("-{name}"), id.to_string()]).status().expect("there is a kill");
        assert!(told.success(), "it was told {name}");
    }

    /// The process that serves.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.serving.as_ref().expect("it serves").child)
    }

    /// What it said so far on standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).expect("there is a log")
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}
