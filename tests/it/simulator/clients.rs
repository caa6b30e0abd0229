//! Clients of other people: `tests/clients` drives the simulator with them, outside of Cargo.

use std::fs;
use std::path::Path;

/// Clients and receivers, and the file that drives each.
const CLIENTS: [(&str, &str); 6] = [
    ("messaging-api-messenger", "clients.mjs"),
    ("facebook-nodejs-business-sdk", "clients.mjs"),
    ("x-hub-signature", "clients.mjs"),
    ("bottender", "clients.mjs"),
    ("fbmessenger", "clients.py"),
    ("python-facebook-api", "clients.py"),
];

#[test]
fn l11_each_unmodified_client_is_pinned_driven_and_run_by_the_checks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let checks = read(".ci/run");
    let npm: serde_json::Value = serde_json::from_str(&read("tests/clients/package.json")).unwrap();
    let python = read("tests/clients/requirements.txt");
    for (name, runner) in CLIENTS {
        let version = match runner {
            "clients.py" => python.lines().find_map(|line| {
                let (found, version) = line.split_once("==")?;
                (found == name).then(|| version.to_owned())
            }),
            _ => npm["dependencies"][name].as_str().map(str::to_owned),
        };
        let version = version.unwrap_or_else(|| panic!("{name} is not pinned"));
        assert!(
            version.starts_with(|first: char| first.is_ascii_digit()),
            "{name} {version}"
        );
        let source = read(&format!("tests/clients/{runner}"));
        // The name of the test, which the runner prints after the id.
        let names = source.lines().filter(|line| line.contains(name));
        assert!(names.count() >= 2, "{runner} has no test of {name}");
        assert!(
            source.contains("ok      L11 ") && source.contains("FAILED  L11 "),
            "{runner}"
        );
        assert!(checks.contains(runner), "{runner} is not run");
    }
}
