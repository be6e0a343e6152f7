//! No circles: what a file imports can be understood before the file. A file and its own sub-modules are one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::source::sources;

/// A file as Rust names it: `session::member`. The root of a crate is empty, and no part of the graph: it names all.
pub(super) type Module = Vec<String>;
/// Whom each file imports or declares.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn nobody_imports_itself_by_way_of_others() {
    for folder in ["actors/src", "src"] {
        let files = sources(folder).filter(|source| !source.is_test());
        let files = files.map(|source| {
            let path = source.path.strip_prefix(folder).unwrap();
            (module(path), source.code)
        });
        let circles = circles(&graph(files.collect()));
        assert!(circles.is_empty(), "in {folder}: {circles:#?}");
    }
}

#[test]
fn a_planted_circle_is_found_and_a_family_is_none() {
    let found = |files: &[(&str, &str)]| {
        let files = files
            .iter()
            .map(|(path, code)| (module(path), (*code).into()));
        circles(&graph(files.collect()))
    };
    let circle = |names: &[&str]| vec![names.iter().map(ToString::to_string).collect::<Vec<_>>()];
    let [a, b, leaf] = [
        ("/a.rs", "use crate::{b::{B, C}, leaf};"),
        ("/b/mod.rs", "use crate::leaf::{self};"),
        ("/leaf.rs", "use std::a;"),
    ];
    assert!(found(&[a, b, leaf]).is_empty());
    // A path anywhere counts as an import does, however many groups and lines it is in.
    for planted in [
        "fn f() { crate::a::f() }",
        "use crate::{\n    x::{self, y},\n    a::{A as B},\n};",
        "use super::a::*;",
    ] {
        let leaf = ("/leaf.rs", planted);
        assert_eq!(
            found(&[a, b, leaf]),
            circle(&["a", "b", "leaf"]),
            "{planted}"
        );
    }
    let family = [("/f.rs", "mod x;\nmod y;"), ("/f/x.rs", "use super::F;")];
    assert!(found(&family).is_empty());
    // Who names the family names all of it: its file may hand anything on.
    let [f, x] = family;
    let inner = ("/f/y.rs", "use crate::o::O;");
    let other = ("/o.rs", "use crate::f::Y;");
    assert_eq!(
        found(&[f, x, inner, other]),
        circle(&["f", "f::x", "f::y", "o"])
    );
    // Two brothers without their parent are a circle, too.
    let brothers = [
        ("/f/x.rs", "use super::y::Y;"),
        ("/f/y.rs", "use super::x::X;"),
    ];
    assert_eq!(found(&brothers), circle(&["f::x", "f::y"]));
}

/// Every two files of a circle lead to each other. One that is a file and its own sub-modules is left out.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<_, _> = graph
        .keys()
        .map(|file| (file, reached(graph, file)))
        .collect();
    let circles: BTreeSet<Vec<&Module>> = graph
        .keys()
        .map(|file| {
            let both =
                |other: &&Module| reach[file].contains(*other) && reach[*other].contains(file);
            graph.keys().filter(both).collect()
        })
        .collect();
    let family = |circle: &[&Module]| {
        let head = circle.iter().min_by_key(|file| file.len());
        head.is_none_or(|head| circle.iter().all(|file| file.starts_with(head)))
    };
    let circles = circles.into_iter().filter(|circle| !family(circle));
    circles
        .map(|circle| circle.iter().map(|file| file.join("::")).collect())
        .collect()
}

fn reached<'a>(graph: &'a Graph, from: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = graph[from].iter().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(&graph[file]);
        }
    }
    reached
}

fn graph(files: Vec<(Module, String)>) -> Graph {
    let known: BTreeSet<Module> = files.iter().map(|(file, _)| file.clone()).collect();
    let edges = |file: Module, code: String| {
        let imported = imports(&file, &code).into_iter().filter_map(|path| {
            let files = (1..=path.len()).rev().map(|length| &path[..length]);
            files.into_iter().find_map(|path| known.get(path)).cloned()
        });
        let declared = code.lines().filter_map(|line| {
            let (seen, name) = line.strip_suffix(';')?.split_once("mod ")?;
            let child = [file.as_slice(), &[name.to_owned()]].concat();
            known
                .get(&child)
                .filter(|_| seen.is_empty() || seen.starts_with("pub"))
                .cloned()
        });
        let all = imported.chain(declared).filter(|other| *other != file);
        (file.clone(), all.collect())
    };
    let files = files.into_iter().filter(|(file, _)| !file.is_empty());
    files.map(|(file, code)| edges(file, code)).collect()
}

pub(super) fn module(path: &str) -> Module {
    let path = path.trim_start_matches('/').trim_end_matches(".rs");
    let names = path
        .split('/')
        .filter(|name| !["lib", "main", "mod"].contains(name));
    names.map(str::to_owned).collect()
}

/// All paths of this crate that a file names, from the root.
pub(super) fn imports(file: &Module, code: &str) -> Vec<Module> {
    let roots = ["crate::", "self::", "super::"];
    let mut paths = Vec::new();
    for (at, _) in roots.iter().flat_map(|root| code.match_indices(root)) {
        let inside = |before: char| before.is_alphanumeric() || "_:".contains(before);
        if !code[..at].ends_with(inside) {
            walk(&code[at..], &mut Vec::new(), &mut paths);
        }
    }
    let rooted = paths.into_iter().map(|path| {
        let mut base = if path[0] == "crate" {
            &[][..]
        } else {
            file.as_slice()
        };
        let mut rest = path.as_slice();
        while let [name, inner @ ..] = rest
            && ["crate", "self", "super"].contains(&name.as_str())
        {
            let up = usize::from(name == "super");
            (base, rest) = (&base[..base.len().saturating_sub(up)], inner);
        }
        [base, rest].concat()
    });
    rooted.collect()
}

/// Reads a path with its groups; what is left of the text behind it.
fn walk<'a>(text: &'a str, path: &mut Module, paths: &mut Vec<Module>) -> &'a str {
    if let Some(mut group) = text.strip_prefix('{') {
        loop {
            group = group.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if group.is_empty() || group.starts_with('}') {
                return group.strip_prefix('}').unwrap_or(group);
            }
            let depth = path.len();
            group = walk(group, path, paths);
            path.truncate(depth);
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    // `*` names nobody further.
    let (name, rest) = text.split_at(end.unwrap_or(text.len()).max(1));
    path.push(name.to_owned());
    if let Some(deeper) = rest.strip_prefix("::") {
        return walk(deeper, path, paths);
    }
    paths.push(path.clone());
    rest
}
