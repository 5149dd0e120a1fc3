use std::net::{SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Socket, Type};

/// An address on this machine that nobody uses, for a listener that is to come back on it after a restart.
///
/// The port was used for one connection that has been closed here: for the next minute the system gives it to nobody
/// who asks for any port, and still to who asks for this one.
///
/// # Panics
/// When the system has no port.
pub fn unused_address(ip: &str) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).expect("no unused port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let client = TcpStream::connect(address).expect("cannot connect to ourselves");
    let (server, _) = listener.accept().expect("cannot accept our own connection");
    // Who closes first keeps the port.
    drop(server);
    drop(client);
    address
}

/// An address at which somebody listens and never answers: connecting takes for ever.
///
/// What it owns: a listener whose backlog is full, and the connections that fill it. It ends when it is dropped.
#[derive(Debug)]
pub struct MuteServer {
    listener: Socket,
    _waiting: Vec<Socket>,
}

impl MuteServer {
    /// On a port of its own.
    ///
    /// # Panics
    /// When the system has no socket for it.
    pub fn start() -> Self {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("no socket");
        let listener = socket();
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        listener.bind(&any.into()).and_then(|()| listener.listen(0)).expect("no unused port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let waiting = (0..4).map(|_| {
            let client = socket();
            client.set_nonblocking(true).expect("a socket can be non-blocking");
            // The first is taken; the others wait for an answer, as they should.
            let _ = client.connect(&address);
            client
        });
        Self { _waiting: waiting.collect(), listener }
    }

    /// Where it does not answer.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().ok().and_then(|address| address.as_socket()).expect("an IP address")
    }
}
