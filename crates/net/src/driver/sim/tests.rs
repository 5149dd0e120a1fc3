use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Answer, SimDriver, SimNet, SimOptions, SimSocket};
use crate::driver::{Driver, Ready};

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 514))
}

fn second() -> Duration {
    Duration::from_secs(1)
}

fn wait(driver: &mut SimDriver, timeout: Duration) -> Vec<Ready> {
    let mut ready = Vec::new();
    driver.wait(Some(timeout), &mut ready).expect("a wait does not fail");
    ready
}

/// Two drivers, and a connection that both watch: as token 1 and as token 2.
fn pair(options: SimOptions) -> (SimNet, [(SimDriver, SimSocket); 2]) {
    let net = SimNet::new(options);
    let (mut dialler, mut accepter) = (net.driver(), net.driver());
    let mut listener = net.listen(here()).expect("a free address");
    accepter.listen(&mut listener, 9).expect("a place to watch");
    let mut near = dialler.connect(here(), None, 1).expect("a descriptor");
    assert!(!dialler.connected(&mut near).expect("no failure yet"));
    assert_eq!(wait(&mut accepter, second()).iter().map(|ready| ready.token).collect::<Vec<_>>(), [9]);
    let (mut far, _) = accepter.accept(&mut listener, None).expect("a connection");
    accepter.watch(&mut far, 2).expect("a place to watch");
    assert!(dialler.connected(&mut near).expect("connected"));
    (net, [(dialler, near), (accepter, far)])
}

/// One end of a transfer that does only what the driver's promises allow: it reads and writes when it is named, and
/// then until it is told to wait.
struct End {
    driver: SimDriver,
    socket: SimSocket,
    to_send: Vec<u8>,
    received: Vec<u8>,
    ended: bool,
}

impl End {
    fn serve(&mut self) {
        for ready in wait(&mut self.driver, Duration::ZERO) {
            if ready.writable {
                self.write();
            }
            if ready.readable {
                self.read(ready.hangup);
            }
        }
    }

    fn write(&mut self) {
        while !self.to_send.is_empty() {
            match self.driver.write(&mut self.socket, &self.to_send) {
                Ok(taken) => drop(self.to_send.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
        self.socket.shutdown_write();
    }

    fn read(&mut self, hangup: bool) {
        let mut buffer = [0; 16];
        while !self.ended {
            match self.driver.read(&mut self.socket, &mut buffer) {
                Ok(0) => self.ended = true,
                Ok(taken) => {
                    self.received.extend_from_slice(&buffer[..taken]);
                    if taken < buffer.len() && !hangup {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn whoever_keeps_to_the_promises_gets_everything_to_the_end() {
    for seed in 0..300 {
        let options = SimOptions {
            buffer_bytes: 1 + seed as usize % 70,
            rough: seed % 3 != 0,
            ..SimOptions::calm(seed)
        };
        let (_net, ends) = pair(options);
        let texts = [vec![b'x'; 500], (0..=255).cycle().take(700).collect()];
        let mut ends = ends.into_iter().zip(&texts).map(|((driver, socket), text)| End {
            driver,
            socket,
            to_send: text.clone(),
            received: Vec::new(),
            ended: false,
        });
        let (Some(mut one), Some(mut other)) = (ends.next(), ends.next()) else {
            unreachable!("there are two")
        };
        let mut rounds = 0;
        while !(one.ended && other.ended) {
            one.serve();
            other.serve();
            rounds += 1;
            assert!(rounds < 10_000, "seed {seed}: somebody waits for ever");
        }
        assert_eq!([&other.received, &one.received], [&texts[0], &texts[1]]);
    }
}

#[test]
fn a_socket_is_named_again_only_after_it_was_read_dry() {
    let (_net, [(mut near_driver, mut near), (mut driver, mut far)]) = pair(SimOptions::calm(1));
    let named = |driver: &mut SimDriver| wait(driver, Duration::ZERO).iter().any(|ready| ready.readable);
    assert!(!named(&mut driver));
    near_driver.write(&mut near, b"0123456789").expect("room");
    assert!(named(&mut driver));
    near_driver.write(&mut near, b"more").expect("room");
    assert!(!named(&mut driver));
    assert_eq!(driver.read(&mut far, &mut [0; 10]).expect("bytes"), 10);
    assert!(!named(&mut driver));
    assert_eq!(driver.read(&mut far, &mut [0; 10]).expect("bytes"), 4);
    near_driver.write(&mut near, b"x").expect("room");
    assert!(named(&mut driver));
    near.shutdown_write();
    assert_eq!(driver.read(&mut far, &mut [0; 10]).expect("bytes"), 1);
    let ready = wait(&mut driver, Duration::ZERO);
    assert!(ready.iter().any(|ready| ready.hangup && ready.token == 2));
}

#[test]
fn time_passes_in_waits_and_only_up_to_what_happens() {
    let net = SimNet::new(SimOptions::calm(1));
    let mut driver = net.driver();
    assert!(wait(&mut driver, second()).is_empty());
    assert_eq!(net.now(), second());
    net.answer(here(), Answer::Late(second() / 2));
    let mut socket = driver.connect(here(), None, 1).expect("a descriptor");
    assert_eq!(wait(&mut driver, second()).len(), 1);
    assert_eq!(net.now(), second() * 3 / 2);
    let error = driver.connected(&mut socket).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    driver.waker()();
    assert!(wait(&mut driver, second()).is_empty());
    assert_eq!(net.now(), second() * 3 / 2);
}

#[test]
fn closing_with_unread_bytes_is_a_reset_and_without_an_end() {
    for (unread, expected) in [(true, Err(ErrorKind::ConnectionReset)), (false, Ok(0))] {
        let (net, [(mut driver, mut near), (_, far)]) = pair(SimOptions::calm(1));
        if unread {
            driver.write(&mut near, b"never read").expect("room");
        }
        drop(far);
        let read = driver.read(&mut near, &mut [0; 4]).map_err(|error| error.kind());
        assert_eq!(read, expected);
        drop(near);
        assert_eq!(net.links(), 0);
    }
}
