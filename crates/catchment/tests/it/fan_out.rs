//! Lines that go to connections: to the peers of a source, and to subscribers.

use testkit::{Chatter, Config, http};

use crate::program;

const ROOM: &str = "[[pipeline]]\nname = 'main'\nto = ['store', 'room']\n\
                    [[output]]\nname = 'room'\nkind = 'peers'\nsource = 'chat'\nformat = 'message'";

const FEED: &str = "[[pipeline]]\nname = 'main'\nto = ['store', 'feed']\n\
                    [[output]]\nname = 'feed'\nkind = 'subscribers'\naddress = '127.0.0.1:0'\npeers_max = 2\n";

#[test]
fn the_sender_gets_acks_and_all_others_its_lines() {
    let program = program();
    let config = Config::new().listen("chat", "127.0.0.1:0", "").sections(ROOM);
    let mut collector = program.run(config);
    let mut room: Vec<Chatter> = (0..5).map(|_| Chatter::join(collector.address("chat"))).collect();
    collector.until_status("all are in the room", |status| status["fanouts"][0]["receivers"] == 5);
    for (speaker, line) in [(0, "one"), (1, "two"), (0, "three")] {
        room[speaker].say(line);
        for (listener, chatter) in room.iter_mut().enumerate() {
            let expected = if listener == speaker { "ACK" } else { line };
            assert_eq!(chatter.hear().as_deref(), Some(expected));
        }
    }
    collector.terminate().expect_code(0);
}

#[test]
fn subscribers_get_what_passes_the_pipeline_and_one_too_many_is_refused() {
    let program = program();
    let feed = FEED.replace("to =", "stages = [{ where = { peer = '*' } }, { redact = ['emails'] }]\nto =");
    let config = Config::new().listen("in", "127.0.0.1:0", "").sections(&feed);
    let mut collector = program.run(config.sections("[web]\naddress = '127.0.0.1:0'"));
    let address = collector.subscribers_address("feed");
    let mut kept = [Chatter::join(address), Chatter::join(address)];
    collector.until_status("both are there", |status| status["fanouts"][0]["receivers"] == 2);
    assert_eq!(Chatter::join(address).hear(), None);
    collector.until_status("one was refused", |status| status["fanouts"][0]["refused"] == 1);
    kept[0].say("what a subscriber says is thrown away");
    let mut peer = Chatter::join(collector.address("in"));
    peer.say("mail to ann@example.org");
    assert_eq!(peer.hear().as_deref(), Some("ACK"));
    for subscriber in &mut kept {
        let heard = subscriber.hear().expect("a line");
        assert!(
            heard.starts_with(&peer.name()) && heard.contains("mail to") && !heard.contains('@'),
            "{heard}"
        );
    }
    let status = collector.until_status("both are counted", |status| status["fanouts"][0]["sent"] == 2);
    assert_eq!((&status["totals"]["lines"], &status["totals"]["connected"]), (&1.into(), &1.into()));
    let metrics = http::get(collector.page(), "/metrics").text();
    for line in [
        "catchment_fanout_receivers{output=\"feed\",kind=\"subscribers\"} 2",
        "catchment_fanout_receivers_refused_total{output=\"feed\",kind=\"subscribers\"} 1",
        "catchment_fanout_lines_sent_total{output=\"feed\",kind=\"subscribers\"} 2",
    ] {
        assert!(metrics.lines().any(|metric| metric == line), "{line}\n{metrics}");
    }
    let shown = program.output(&["status"]).expect_code(0).text();
    assert!(shown.contains("feed: 2 subscribers, 2 lines sent"), "{shown}");
    collector.terminate().expect_code(0);
    assert_eq!(kept.map(|mut subscriber| subscriber.hear()), [None, None]);
}

#[test]
fn what_came_before_the_start_is_not_sent_again() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").sections(FEED));
    let say = |collector: &testkit::Collector<'_>, line: &str| {
        let mut peer = Chatter::join(collector.address("in"));
        peer.say(line);
        assert_eq!(peer.hear().as_deref(), Some("ACK"));
    };
    say(&collector, "before");
    // The store has it in memory only, and reads it from the journal again.
    collector.restart();
    let mut subscriber = Chatter::join(collector.subscribers_address("feed"));
    collector.until_status("it is there", |status| status["fanouts"][0]["receivers"] == 1);
    say(&collector, "after");
    assert!(subscriber.hear().is_some_and(|line| line.ends_with("  after")));
    assert_eq!(program.lines(), ["before", "after"]);
}
