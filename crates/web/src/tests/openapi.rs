//! `openapi.json` says what is answered, all of it and no more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::Served;
use crate::OPENAPI;
use crate::routes::routes;

fn document() -> Value {
    serde_json::from_str(OPENAPI).expect("JSON")
}

/// What a `$ref` stands for.
fn resolved<'v>(document: &'v Value, value: &'v Value) -> &'v Value {
    match value["$ref"].as_str() {
        Some(path) => {
            document.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere"))
        }
        None => value,
    }
}

#[test]
fn it_has_every_route_and_no_other() {
    let document = document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    let answered: BTreeSet<(String, String)> =
        routes().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(described, answered);
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        resolved(document, value);
        match value {
            Value::Array(all) => all.iter().for_each(|value| check(document, value)),
            Value::Object(all) => all.values().for_each(|value| check(document, value)),
            _ => {}
        }
    }
    check(&document(), &document());
}

/// Each parameter is known to its route, and no other is.
#[test]
fn every_parameter_is_known() {
    let (document, served) = (document(), Served::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(get) = methods.get("get").filter(|_| path.starts_with("/api/") && !path.contains("tail"))
        else {
            continue;
        };
        let asked = path.replace("{position}", "1");
        let unknown = served.get(&format!("{asked}?nosuchparameter=1"));
        assert!(unknown.status == 400 || path.ends_with("openapi.json"), "{path} takes any parameter");
        for parameter in get["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(&document, parameter);
            let (name, schema) = (parameter["name"].as_str().expect("a name"), &parameter["schema"]);
            if parameter["in"] != "query" {
                continue;
            }
            let example = schema["examples"][0]
                .as_str()
                .map_or_else(|| schema["examples"][0].to_string(), str::to_owned);
            let answer = served.get(&format!("{asked}?{name}={}", example.replace(' ', "+")));
            let known = answer.status != 400 || answer.json()["code"] != "bad_request";
            assert!(known, "{path}: {name}={example}: {}", answer.text());
        }
    }
}

/// What is answered is what the schema says: every key that is required is there, and of its type.
#[test]
fn answers_are_as_described() {
    let (document, served) = (document(), Served::new());
    served.fake.store(20);
    for path in [
        "/api/v1/search/sql",
        "/api/v1/histogram",
        "/api/v1/facets",
        "/api/v1/fields",
        "/api/v1/context",
        "/api/v1/record/{position}",
        "/api/v1/peers",
        "/api/v1/queues",
        "/api/v1/parts",
    ] {
        let asked = match path {
            "/api/v1/context" => "/api/v1/context?position=30".to_owned(),
            path => path.replace("{position}", "30"),
        };
        let answer = served.get(&asked).expect(200).json();
        let schema =
            &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        fits(&document, schema, &answer, path);
    }
    let table = served.sql("SELECT * FROM logs", "json").expect(200).json();
    fits(&document, &document["components"]["schemas"]["Table"], &table, "sql");
    let problem = served.sql("SELEC", "json").json();
    fits(&document, &document["components"]["schemas"]["Problem"], &problem, "a problem");
}

#[test]
fn its_examples_are_as_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        for example in schema["examples"].as_array().into_iter().flatten() {
            fits(&document, schema, example, name);
        }
    }
}

/// Fails when `value` is not as `schema` says.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        let null = value.is_null() && choices.iter().any(|choice| choice["type"] == "null");
        return if null {
        } else {
            fits(document, &choices[0], value, at);
        };
    }
    let right = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => true,
    };
    assert!(right, "{at}: {value} is not {}", schema["type"]);
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{at}: {value} is none of {choices:?}");
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        let key = required.as_str().expect("a key");
        assert!(value.get(key).is_some(), "{at}: {key} is missing in {value}");
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(key) {
            fits(document, schema, value, &format!("{at}.{key}"));
        }
    }
    if let (Some(values), items @ Value::Object(_)) = (value.as_array(), &schema["items"]) {
        values.iter().for_each(|value| fits(document, items, value, &format!("{at}[]")));
    }
}
