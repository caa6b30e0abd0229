//! The files of the simulator use each other without a circle.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Modules by their path below `simulator`, such as `platform::send`, with the source of each.
fn modules(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            modules(&path, &format!("{prefix}{stem}::"), found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = match stem {
                "mod" => prefix.trim_end_matches("::").to_owned(),
                stem => format!("{prefix}{stem}"),
            };
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// Paths that the `use` lines of a module name, from `simulator` on. `{…}` is taken apart one level
/// deep.
fn used(module: &str, source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut paths = Vec::new();
    for part in code.split("use ").skip(1) {
        let path: String = part.split(';').next().unwrap().split_whitespace().collect();
        let own = path.strip_prefix("crate::simulator::").map(str::to_owned);
        let near = path.strip_prefix("super::").map(|path| match parent {
            "" => path.to_owned(),
            parent => format!("{parent}::{path}"),
        });
        let below = path.strip_prefix("self::").map(|path| match module {
            "" => path.to_owned(),
            module => format!("{module}::{path}"),
        });
        let Some(path) = own.or(near).or(below) else {
            continue;
        };
        match path.split_once('{') {
            None => paths.push(path),
            Some((start, list)) => {
                let names = list.trim_end_matches('}').split(',');
                paths.extend(names.map(|name| format!("{start}{name}")));
            }
        }
    }
    paths
}

/// The longest module that a path begins with.
fn target<'a>(path: &str, all: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let is_start = |name: &&String| {
        let rest = path.strip_prefix(name.as_str());
        !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let longest = all.keys().filter(is_start).max_by_key(|name| name.len());
    longest.map(String::as_str)
}

#[test]
fn the_files_of_the_simulator_use_each_other_without_a_circle() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simulator");
    let mut all = BTreeMap::new();
    modules(&folder, "", &mut all);
    assert!(all.len() > 30, "{:?}", all.keys());
    let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, source) in &all {
        let targets = used(name, source);
        let targets = targets.iter().filter_map(|path| target(path, &all));
        left.insert(name, targets.filter(|target| target != name).collect());
    }
    let edges: usize = left.values().map(Vec::len).sum();
    assert!(edges > 100, "{edges}");
    // A module goes when all that it uses has gone.
    loop {
        let free = left
            .iter()
            .find(|(_, targets)| targets.iter().all(|target| !left.contains_key(target)));
        let Some((&name, _)) = free else { break };
        left.remove(name);
    }
    assert!(left.is_empty(), "in a circle, or using one: {left:?}");
    for (name, source) in &all {
        let room = name.split("::").next().unwrap();
        let forbidden: &[&str] = match room {
            "world" => &["platform", "http", "script"],
            "platform" => &["http", "script"],
            "http" => &["script"],
            _ => &[],
        };
        for path in used(name, source) {
            let target = path.split("::").next().unwrap().to_owned();
            assert!(!forbidden.contains(&target.as_str()), "{name} uses {path}");
        }
        let does_io = ["tokio::", "TcpStream", "std::fs", "getrandom"];
        if matches!(room, "world" | "platform") {
            assert!(!does_io.iter().any(|word| source.contains(word)), "{name}");
        }
    }
}
