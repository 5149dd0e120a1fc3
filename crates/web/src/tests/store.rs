//! What is answered from the store.

use serde_json::{Value, json};

use super::support::{START, Served};

fn served(count: u64) -> Served {
    let served = Served::new();
    served.fake.store(count);
    served
}

/// The positions on a page, and its end.
fn page(served: &Served, query: &str) -> (Vec<u64>, Value) {
    let answer = served.get(&format!("/api/v1/search?{query}")).expect(200);
    let mut lines = answer.json_lines();
    let end = lines.pop().expect("a last line")["end"].clone();
    (lines.iter().map(|line| line["position"].as_u64().expect("a position")).collect(), end)
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let served = served(25);
    for order in ["newest", "oldest"] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let (found, end) = page(&served, &format!("limit=7&order={order}&cursor={cursor}"));
            assert_eq!(end["records"], found.len());
            assert_eq!(end["missing"], Value::Null);
            all.extend(found);
            match end["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
            assert_eq!(end["more"], true);
        }
        if order == "newest" {
            all.reverse();
        }
        assert_eq!(all, (1..=25).map(|number| number * 10).collect::<Vec<u64>>());
    }
}

#[test]
fn records_of_one_line_are_told_apart() {
    let served = Served::new();
    served.fake.store_several();
    let messages = |records: &[Value]| -> Vec<String> {
        records.iter().map(|record| record["message"].as_str().expect("a message").to_owned()).collect()
    };
    for order in ["newest", "oldest"] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/search?limit=2&order={order}&cursor={cursor}");
            let mut lines = served.get(&path).expect(200).json_lines();
            let end = lines.pop().expect("a last line")["end"].clone();
            all.extend(messages(&lines));
            let Some(next) = end["next"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        if order == "newest" {
            all.reverse();
        }
        assert_eq!(all, ["10 0", "10 1", "10 2", "20 0", "20 1", "20 2"]);
    }
    let record = |query: &str| served.get(&format!("/api/v1/record/{query}"));
    let (first, last) = (record("10").expect(200).json(), record("10?nth=2").expect(200).json());
    assert_eq!((&first["message"], first.get("nth")), (&json!("10 0"), None));
    assert_eq!((&last["message"], &last["nth"]), (&json!("10 2"), &json!(2)));
    record("10?nth=3").expect(404);
    let near = served.get("/api/v1/context?position=20&nth=1&before=2&after=9").expect(200).json();
    let records = near["records"].as_array().expect("records");
    assert_eq!(messages(records), ["10 2", "20 0", "20 1", "20 2"]);
    assert_eq!(
        (&near["at"], &near["more_before"], &near["more_after"]),
        (&json!(2), &json!(true), &json!(false))
    );
}

#[test]
fn a_search_in_words_and_times() {
    let served = served(10);
    assert_eq!(page(&served, "q=level:error").0, [80, 50, 20]);
    assert_eq!(page(&served, "from=2026-01-01T00:00:04Z&to=2026-01-01T00:00:06Z").0, [50, 40]);
    assert_eq!(page(&served, "q=number:%3E%3D9&peer=even:1").0, [100]);
    assert_eq!(page(&served, "q=nosuchfield:1").0, [0; 0]);
    let record = served.get("/api/v1/search?limit=1&q=number:3").expect(200).json_lines().remove(0);
    let expected = json!({
        "position": 30, "time": "2026-01-01T00:00:03.000000Z", "received": "1970-01-01T00:00:00.000003Z",
        "source": "app", "peer": "odd:1", "message": "three \u{fffd}", "number": 3,
    });
    assert_eq!(record, expected);
    let sql = served.get("/api/v1/search/sql?q=a+b&limit=3").expect(200).json();
    assert!(
        sql["sql"]
            .as_str()
            .is_some_and(|sql| sql.starts_with("SELECT * FROM logs WHERE") && sql.ends_with("LIMIT 3"))
    );
    assert_eq!(sql["canonical"], "a b");
}

#[test]
fn what_is_wrong_is_said_at_its_column() {
    let served = Served::new();
    let problem = served.get("/api/v1/search?q=ok+level:").expect(400);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    let problem = problem.json();
    let error = search::Query::parse("ok level:").expect_err("no value");
    assert_eq!(
        (&problem["code"], &problem["column"], &problem["status"]),
        (&json!("syntax"), &json!(error.column), &json!(400))
    );
    for (path, code) in [
        ("/api/v1/search?limit=0", "bad_parameter"),
        ("/api/v1/search?limit=7&limit=8", "bad_parameter"),
        ("/api/v1/search?colour=red", "bad_request"),
        ("/api/v1/search?from=yesterday", "bad_parameter"),
        ("/api/v1/search?cursor=x", "bad_parameter"),
        ("/api/v1/record/x", "bad_parameter"),
        ("/api/v1/context", "bad_parameter"),
    ] {
        assert_eq!(served.get(path).expect(400).json()["code"], code, "{path}");
    }
    for (sql, status, code) in [
        ("SELEC * FROM logs", 400, "syntax"),
        ("DROP TABLE logs", 400, "forbidden_statement"),
        ("SELECT message,\n  colour FROM logs", 400, "unknown_column"),
        ("SELECT * FROM others", 400, "unknown_table"),
        (&format!("SELECT {}", "1 + ".repeat(20_000)), 413, "too_large"),
    ] {
        let problem = served.sql(sql, "json").expect(status).json();
        assert_eq!(problem["code"], code, "{problem}");
        let place = match code {
            "syntax" => json!([1, 1]),
            "unknown_column" => json!([2, 3]),
            _ => json!([null, null]),
        };
        assert_eq!(json!([problem["line"], problem["column"]]), place, "{problem}");
    }
    let many = testkit::http::request(served.address(), "POST", "/api/v1/sql", &[], &vec![b'x'; 1 << 20]);
    assert_eq!((many.status, many.json()["code"].as_str()), (413, Some("too_large")));
    assert_eq!(served.get("/api/v2/search").expect(404).json()["code"], "not_found");
    let put = testkit::http::request(served.address(), "PUT", "/api/v1/search", &[], b"");
    assert_eq!(put.expect(405).json()["code"], "method");
}

#[test]
fn sql_in_each_format() {
    let served = served(10);
    let sql = "SELECT level, count(*) AS n, max(time) AS last FROM logs GROUP BY level ORDER BY n, level";
    let table = served.sql(sql, "json").expect(200).json();
    assert_eq!(table["columns"][1], json!({ "name": "n", "type": "int", "arrow": "Int64" }));
    assert_eq!(table["columns"][2]["type"], "time");
    assert_eq!(table["rows"][2], json!(["info", 4, "2026-01-01T00:00:10.000000Z"]));
    assert_eq!((&table["truncated"], &table["missing"]), (&json!(false), &Value::Null));
    let body = json!({ "sql": "SELECT number FROM logs ORDER BY number", "limit": 3 }).to_string();
    let cut = testkit::http::request(served.address(), "POST", "/api/v1/sql", &[], body.as_bytes()).json();
    assert_eq!((&cut["rows"], &cut["truncated"]), (&json!([[1], [2], [3]]), &json!(true)));
    let plain = [("content-type", "text/plain")];
    let one =
        testkit::http::request(served.address(), "POST", "/api/v1/sql", &plain, b"SELECT 1 AS one").json();
    assert_eq!(one["rows"], json!([[1]]));
    let csv = served.sql("SELECT number, peer FROM logs WHERE number < 3 ORDER BY number", "csv").expect(200);
    assert_eq!(csv.text(), "number,peer\n1,odd:1\n2,even:1\n");
    let arrow = served.sql("SELECT number FROM logs", "arrow").expect(200);
    let reader = arrow_ipc::reader::StreamReader::try_new(&arrow.body[..], None).expect("a stream");
    assert_eq!(reader.map(|batch| batch.expect("rows").num_rows()).sum::<usize>(), 10);
}

#[test]
fn an_error_among_the_rows_is_told() {
    let served = served(10);
    let sql = "SELECT 10 / (number - 5) FROM logs";
    let answer = served.sql(sql, "json");
    // Found in the first rows or in later ones, it is never a whole answer.
    let told = if answer.status == 200 {
        answer.json()["error"]["code"].clone()
    } else {
        answer.json()["code"].clone()
    };
    assert_eq!(told, "query");
}

#[test]
fn a_histogram_has_every_record_once() {
    let served = served(100);
    for query in [
        "",
        "q=number:%3E50",
        "from=2026-01-01T00:00:10Z&to=2026-01-01T00:00:30Z",
        "buckets=1",
        "buckets=1000",
    ] {
        let histogram = served.get(&format!("/api/v1/histogram?{query}")).expect(200).json();
        let buckets = histogram["buckets"].as_array().expect("buckets");
        let counted: u64 = buckets
            .iter()
            .flat_map(|bucket| bucket["counts"].as_array().expect("counts"))
            .filter_map(Value::as_u64)
            .sum();
        let expected = match query {
            "q=number:%3E50" => 50,
            query if query.starts_with("from") => 20,
            _ => 100,
        };
        assert_eq!(
            (counted, histogram["total"].as_u64()),
            (expected, Some(expected)),
            "{query}: {histogram}"
        );
        assert!(buckets.iter().all(|bucket| bucket["time"].as_str() >= histogram["from"].as_str()));
        assert!(buckets.iter().all(|bucket| bucket["time"].as_str() < histogram["to"].as_str()));
    }
    let levels = served.get("/api/v1/histogram?buckets=2").expect(200).json()["levels"].clone();
    assert_eq!(levels, json!(["fatal", "error", "warn", "notice", "info", "debug", "trace", "none"]));
    let empty = Served::new().get("/api/v1/histogram").expect(200).json();
    assert_eq!((&empty["total"], &empty["buckets"]), (&json!(0), &json!([])));
}

#[test]
fn facets_count_values() {
    let served = served(10);
    let facets = served.get("/api/v1/facets?fields=level,peer,number,nosuch&limit=2").expect(200).json();
    assert_eq!(facets["total"], 10);
    let level = &facets["facets"][0];
    assert_eq!(level["values"], json!([{ "value": "info", "count": 4 }, { "value": "error", "count": 3 }]));
    assert_eq!((&level["present"], &level["distinct"]), (&json!(7), &json!(2)));
    assert_eq!(facets["facets"][2]["type"], "int");
    assert_eq!(
        facets["facets"][3],
        json!({ "field": "nosuch", "type": "string", "values": [], "distinct": 0, "present": 0 })
    );
    let begun = served.get("/api/v1/facets?fields=peer&prefix=EV&q=number:%3C5").expect(200).json();
    assert_eq!(begun["facets"][0]["values"], json!([{ "value": "even:1", "count": 2 }]));
    let default = served.get("/api/v1/facets").expect(200).json();
    assert_eq!(default["facets"].as_array().map(Vec::len), Some(3));
}

#[test]
fn fields_one_record_and_its_context() {
    let served = served(20);
    let fields = served.get("/api/v1/fields").expect(200).json();
    assert!(
        fields["fields"]
            .as_array()
            .expect("fields")
            .contains(&json!({ "name": "number", "type": "int", "core": false }))
    );
    let record = served.get("/api/v1/record/30").expect(200).json();
    assert_eq!((&record["number"], &record["raw"]), (&json!(3), &json!("dGhyZWUg/w==")));
    assert_eq!(served.get("/api/v1/record/31").expect(404).json()["code"], "not_found");
    let context = served.get("/api/v1/context?position=100&n=2").expect(200).json();
    let positions: Vec<_> = context["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| record["position"].as_u64().expect("one"))
        .collect();
    assert_eq!((positions, &context["at"]), (vec![60, 80, 100, 120, 140], &json!(2)));
    assert_eq!((&context["more_before"], &context["more_after"]), (&json!(true), &json!(true)));
    let first = served.get("/api/v1/context?position=10&before=5&after=0").expect(200).json();
    assert_eq!(
        (&first["at"], first["records"].as_array().map(Vec::len), &first["more_before"]),
        (&json!(0), Some(1), &json!(false))
    );
    assert_eq!(served.get("/api/v1/context?position=11").expect(404).json()["code"], "not_found");
}

#[test]
fn exports_have_all_the_oldest_first() {
    let served = served(3000);
    let ndjson = served.get("/api/v1/export?format=ndjson").expect(200);
    assert_eq!(ndjson.header("content-disposition"), Some("attachment; filename=\"catchment.ndjson\""));
    let numbers: Vec<u64> =
        ndjson.json_lines().iter().filter_map(|record| record["number"].as_u64()).collect();
    assert!(numbers.into_iter().eq(1..=3000));
    let csv = served.get("/api/v1/export?format=csv&q=number:%3C4").expect(200).text();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert_eq!(served.get("/api/v1/export?format=parquet").expect(200).text(), "3000 rows");
    let arrow = served.get("/api/v1/export?format=arrow").expect(200);
    let reader = arrow_ipc::reader::StreamReader::try_new(&arrow.body[..], None).expect("a stream");
    assert_eq!(reader.map(|batch| batch.expect("rows").num_rows()).sum::<usize>(), 3000);
}

#[test]
fn a_damaged_part_is_left_out_and_named() {
    let served = served(10);
    let part = served.fake.snapshot_part();
    let length = std::fs::metadata(&part).expect("a part").len();
    std::fs::write(&part, vec![0; usize::try_from(length).expect("small")]).expect("it can be damaged");
    let (found, end) = page(&served, "q=number:%3E0");
    assert!(
        found.len() == 5 && end["missing"].as_str().is_some_and(|why| why.contains("5 records")),
        "{end}"
    );
}

#[test]
fn how_the_collector_is() {
    let served = served(4);
    let peers = served.get("/api/v1/peers?state=done").expect(200).json();
    assert_eq!(
        (&peers["total"], &peers["peers"][0]["peer"], &peers["states"]),
        (&json!(1), &json!("odd:1"), &json!({ "connected": 1, "done": 1 }))
    );
    assert_eq!(served.get("/api/v1/queues").expect(200).json()["queues"][0]["name"], "q");
    assert_eq!(served.get("/api/v1/pipelines").expect(200).json()["pipelines"][0]["name"], "main");
    let parts = served.get("/api/v1/parts").expect(200).json();
    assert_eq!((&parts["total"], &parts["rows"]), (&json!(1), &json!(2)));
    assert!(parts["parts"][0]["file"].as_str().is_some_and(|file| file.starts_with("logs/date=")), "{parts}");
    assert_eq!(START / 1_000_000, 1_767_225_600);
    let status = served.get("/api/v1/status").expect(200).json();
    assert_eq!((&status["ready"], &status["web"]["requests"]), (&json!(true), &json!(1)));
    let metrics = served.get("/metrics").expect(200);
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(metrics.text().contains("catchment_lines_received_total 7\n"));
    assert_eq!((served.get("/healthz").status, served.get("/readyz").status), (200, 200));
    *served.fake.unready.lock().expect("nobody panicked") =
        Some("the journal is stalled: no space".to_owned());
    assert_eq!(served.get("/readyz").expect(503).text(), "the journal is stalled: no space\n");
    assert_eq!(served.get("/api/v1/status").expect(200).json()["ready"], false);
}
