//! A classifier behind HTTP that fails now and then: what was counted is kept, and the run goes on from it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use steadfast_certify::{
    BitFlips, Bits, BoxError, ClassId, Classifier, Error, Fingerprint, Plan, Rate, SavedVotes,
    SmoothedClassifier, from_fn,
};

/// Asks a server that takes one line of zeros and ones for each input and answers with one class a line.
struct Remote {
    server: SocketAddr,
    model: &'static str,
}

impl Remote {
    fn ask(&self, batch: &[Bits]) -> Result<Vec<ClassId>, BoxError> {
        let lines = batch
            .iter()
            .map(|bits| bits.iter().map(|bit| if bit { '1' } else { '0' }).collect::<String>() + "\n");
        let body: String = lines.collect();
        let mut stream = TcpStream::connect(self.server)?;
        write!(stream, "POST /classify HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the connection was lost")?;
        if !head.contains(" 200 ") {
            return Err(format!("the server answered {}", head.lines().next().unwrap_or_default()).into());
        }
        body.lines().map(|line| line.parse().map_err(BoxError::from)).collect()
    }
}

impl Classifier<Bits> for Remote {
    fn class_count(&self) -> usize {
        2
    }

    /// Tries again once: a request may fail alone.
    fn classify(&self, batch: &[Bits]) -> Result<Vec<ClassId>, BoxError> {
        self.ask(batch).or_else(|_| self.ask(batch))
    }

    /// The address may change between runs; the model behind it may not.
    fn classifier_id(&self) -> Fingerprint {
        Fingerprint::new(self.model, [])
    }
}

/// Serves `requests` requests, of which those that `fails` names end without an answer.
fn serve(listener: &TcpListener, requests: usize, fails: impl Fn(usize) -> bool) {
    for (number, stream) in listener.incoming().take(requests).enumerate() {
        let mut stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if fails(number) {
            write!(stream, "HTTP/1.0 503 Service Unavailable\r\n\r\n").unwrap();
            continue;
        }
        let answers = String::from_utf8(body).unwrap();
        let answers = answers
            .lines()
            .map(|line| if 2 * line.matches('1').count() > line.len() { "1\n" } else { "0\n" });
        write!(stream, "HTTP/1.0 200 OK\r\n\r\n{}", answers.collect::<String>()).unwrap();
    }
}

#[test]
fn a_run_survives_a_server_that_fails() {
    let images: Vec<Bits> = (40..44).map(|ones| (0..64).map(|bit| bit < ones).collect()).collect();
    let noise = BitFlips::symmetric(Rate::new(0.2).unwrap()).unwrap();
    let plan = || Plan::fixed(20, 400).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    thread::scope(|scope| {
        // The third request fails and its repetition does not; the ninth fails with its repetition.
        scope.spawn(|| serve(&listener, 10, |number| [2, 8, 9].contains(&number)));
        let smoothed = SmoothedClassifier::new(Remote { server, model: "majority" }, noise, plan()).batch(50);
        let mut saved = SavedVotes::default();
        let error = smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run().unwrap_err();
        assert!(matches!(error, Error::Classifier(_)), "{error}");
        assert!(saved.total() > 0 && saved.total() < 4 * 420);

        // The server is back, at another address.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let smoothed = SmoothedClassifier::new(Remote { server, model: "majority" }, noise, plan()).batch(50);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    serve(&listener, 1, |_| false);
                }
            });
            let resumed = smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run().unwrap();
            let local = from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()));
            let local = SmoothedClassifier::new(local, noise, plan());
            let expected = local.certify_all(&images, BitFlips::threat).run().unwrap();
            for (resumed, expected) in resumed.iter().zip(&expected) {
                assert_eq!(resumed.outcome(), expected.outcome());
            }
            stop.store(true, Ordering::Relaxed);
            // One last request lets the server see that it may go.
            let _ = Remote { server, model: "majority" }.ask(&images);
        });
    });
}
