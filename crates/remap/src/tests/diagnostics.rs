use crate::{Options, Script};

fn refused(text: &str, options: Options) -> crate::BadScript {
    Script::compile(text, options).expect_err(text)
}

#[test]
fn each_problem_has_its_place() {
    let bad = refused(".a = 1\n.\"é\" = nope(.b)\n.c = upcase(.d)\n", Options::default());
    let problems: Vec<_> = bad.diagnostics().problems().collect();
    let places: Vec<_> =
        problems.iter().map(|problem| (problem.line, problem.column, problem.offset)).collect();
    assert_eq!(places[0], (2, 8, 15), "{problems:?}");
    assert_eq!(places.len(), 2, "{problems:?}");
    assert_eq!(bad.to_string(), "line 2, column 8: call to undefined function, and 1 more");
}

#[test]
fn they_are_shown_at_their_place_in_the_file() {
    let script = ".a = 1\n.b = nope(.a)\n";
    let bad = refused(script, Options::default());
    let alone = bad.diagnostics().rendered();
    assert!(alone.starts_with("error[E105]: call to undefined function\n  ┌─ :2:6\n"), "{alone}");
    assert!(!alone.contains('\u{1b}'));
    // As it stands in the file, …
    let file =
        format!("# ü\n[[pipeline]]\nname = \"main\"\nstages = [\n  {{ vrl = '''\n{script}''' }},\n]\n");
    let span = file.find("'''").unwrap()..file.rfind("'''").unwrap() + 3;
    let shown = bad.diagnostics().rendered_in("catchment.toml", &file, span);
    assert!(shown.contains("┌─ catchment.toml:7:6\n"), "{shown}");
    assert!(shown.contains("\n7 │ .b = nope(.a)\n"), "{shown}");
    // … or as what a string with escapes means.
    let file = "\n\n\n{ vrl = \".a = 1\\n.b = nope(.a)\\n\" }\n";
    let shown = bad.diagnostics().rendered_in("catchment.toml", file, 11..file.len() - 3);
    assert!(shown.contains("┌─ catchment.toml:5:6\n"), "{shown}");
    // On the line of the key, the column is that of the file.
    let file = "{ vrl = '.b = nope(.a)' }";
    let bad = refused(".b = nope(.a)", Options::default());
    let shown = bad.diagnostics().rendered_in("x", file, 8..file.len() - 2);
    assert!(shown.contains("┌─ x:1:15\n"), "{shown}");
}

#[test]
fn what_scripts_may_not_do_is_said() {
    let allowed = Options { environment: true };
    for (text, options, why) in [
        ("dns_lookup!(\"a\")", allowed, "`dns_lookup` reaches the network: scripts do not have it here"),
        ("http_request!(\"a\")", Options::default(), "`http_request` reaches the network"),
        (
            "get_env_var!(\"HOME\")",
            Options::default(),
            "`get_env_var` reads the environment: allow it with `environment = true` beside the script",
        ),
        (".a = get_secret(\"b\")", allowed, "`get_secret` is about tables and secrets of Vector"),
        ("sha2(\"a\")", allowed, "`sha2` is not built in"),
    ] {
        let bad = refused(text, options);
        assert!(bad.diagnostics().summary().starts_with(why), "{bad}");
        assert!(!bad.diagnostics().rendered().contains("did you mean"));
    }
    let mut batch = super::lines(&["a"]);
    let text = r#".path = get_env_var!("PATH"); .none = get_env_var("CATCHMENT=NONE") ?? "none""#;
    Script::compile(text, allowed).unwrap().apply(&mut batch);
    let path = std::env::var("PATH").unwrap();
    assert_eq!(batch.get(0).field("path"), Some(record::Value::Str(&path)));
    assert_eq!(batch.get(0).field("none"), Some(record::Value::Str("none")));
}

#[test]
fn what_is_odd_is_a_warning() {
    let good = Script::compile("upcase(.message)\n.a = string!(.message)", Options::default()).unwrap();
    let shown = good.warnings().rendered();
    assert!(shown.starts_with("warning[E900]"), "{shown}");
    // A script from elsewhere is not told that a message is a string.
    assert_eq!(good.warnings().problems().count(), 1);
    assert!(Script::compile(".a = 1", Options::default()).unwrap().warnings().is_empty());
}

#[test]
fn brackets_are_counted_where_they_are_brackets() {
    let deep = format!(".a = {}1{}", "[".repeat(65), "]".repeat(65));
    assert_eq!(
        refused(&deep, Options::default()).to_string(),
        "line 1, column 70: brackets are open more than 64 deep"
    );
    let texts = format!(".a = [\"{0}\", s'{0}', \"\\\"{0}\"] # {0}\n.b = 1", "(".repeat(100));
    assert!(Script::compile(&texts, Options::default()).is_ok());
}

#[test]
fn any_text_is_a_script_or_refused() {
    let long = format!(".a = \"{}\"", "x".repeat(64 * 1024));
    assert_eq!(
        refused(&long, Options::default()).to_string(),
        "line 1, column 1: a script is at most 64 KiB long"
    );
    for text in
        ["", " ", "\"", ".a = {", "é", ".a = \"\\u{110000}\"", "# only a comment", "{{{{", ".a = r'('"]
    {
        let shown = Script::compile(text, Options::default())
            .map_or_else(|bad| bad.diagnostics().rendered_in("f", text, 0..text.len()), |_| String::new());
        assert!(shown.is_empty() || shown.starts_with("error["), "{text}: {shown}");
    }
}
