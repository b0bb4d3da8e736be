//! Which name servers a zone is on, as this machine's resolver learns it: one question of the DNS (RFC 1035).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::UdpSocket;
use tokio::time::timeout;

const NS: u16 = 2;
const INTERNET: u16 = 1;
/// The name does not exist.
const NXDOMAIN: u8 = 3;
const HEADER: usize = 12;
/// How long an answer is waited for, and how often it is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: usize = 3;
/// A name of more jumps than this is a circle.
const JUMPS: usize = 64;

/// Asks which name servers a zone is on, in lower case and without a last dot; none where no zone refers to it.
///
/// # Errors
/// When there is no resolver, or it does not say: why, for people.
pub async fn name_servers(zone: &str) -> Result<BTreeSet<String>, String> {
    ask(resolver(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default()), zone).await
}

/// Asks a resolver which name servers a zone is on.
async fn ask(resolver: SocketAddr, zone: &str) -> Result<BTreeSet<String>, String> {
    // A forged answer must also hit the port, which the system draws.
    let id = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| (since.subsec_nanos() % 0xffff) as u16);
    let question = question(id, zone).ok_or_else(|| format!("`{zone}` is no name of the DNS"))?;
    let failed = |error: std::io::Error| format!("the resolver {resolver} cannot be asked: {error}");
    let own: SocketAddr = if resolver.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(own).await.map_err(failed)?;
    socket.connect(resolver).await.map_err(failed)?;
    let mut bytes = vec![0; 4096];
    for _ in 0..TRIES {
        socket.send(&question).await.map_err(failed)?;
        if let Ok(length) = timeout(PATIENCE, socket.recv(&mut bytes)).await {
            return answer(id, zone, &bytes[..length.map_err(failed)?]);
        }
    }
    Err(format!("the resolver {resolver} does not answer"))
}

/// The first resolver that the system names; one on this machine where it names none.
fn resolver(conf: &str) -> SocketAddr {
    let named = conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let address = named.filter_map(|rest| rest.trim().parse::<IpAddr>().ok()).next();
    (address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 53).into()
}

/// A question for the name servers of a zone, to be answered by asking around.
fn question(id: u16, zone: &str) -> Option<Vec<u8>> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in zone.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?;
        bytes.push(length);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(NS.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    Some(bytes)
}

/// The name servers in an answer.
fn answer(id: u16, zone: &str, bytes: &[u8]) -> Result<BTreeSet<String>, String> {
    let broken = || format!("the answer for {zone} makes no sense");
    let number = |at: usize| bytes.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]])).ok_or_else(broken);
    let is_answer = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
    if number(0)? != id || !is_answer {
        return Err(broken());
    }
    if bytes[2] & 2 != 0 {
        return Err(format!("the answer for {zone} is too long"));
    }
    match bytes.get(3).map(|flags| flags & 15) {
        Some(0) => {}
        Some(NXDOMAIN) => return Ok(BTreeSet::new()),
        code => return Err(format!("the resolver has no answer for {zone} (code {})", code.unwrap_or_default())),
    }
    let (questions, answers) = (number(4)?, number(6)?);
    let mut at = HEADER;
    for _ in 0..questions {
        at = name(bytes, at).ok_or_else(broken)?.1 + 4;
    }
    let zone = zone.trim_end_matches('.').to_ascii_lowercase();
    let mut found = BTreeSet::new();
    for _ in 0..answers {
        let (owner, body) = name(bytes, at).ok_or_else(broken)?;
        let (record, length) = (number(body)?, usize::from(number(body + 8)?));
        if record == NS && owner == zone {
            found.insert(name(bytes, body + 10).ok_or_else(broken)?.0);
        }
        at = body + 10 + length;
    }
    Ok(found)
}

/// The name at a place, in lower case, and where what follows it begins.
fn name(bytes: &[u8], mut at: usize) -> Option<(String, usize)> {
    let (mut labels, mut end) = (vec![], None);
    for _ in 0..JUMPS {
        let length = usize::from(*bytes.get(at)?);
        if length == 0 {
            return Some((labels.join("."), end.unwrap_or(at + 1)));
        }
        if length & 0xc0 == 0xc0 {
            end = end.or(Some(at + 2));
            at = (length & 0x3f) << 8 | usize::from(*bytes.get(at + 1)?);
            continue;
        }
        let label = bytes.get(at + 1..at + 1 + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with two name servers, the second written as a reference to the question's name.
    fn told(code: u8, answers: u16) -> Vec<u8> {
        let mut bytes = question(7, "WPdev.kimmyai.io").unwrap();
        (bytes[2], bytes[3]) = (0x81, 0x80 | code);
        bytes[6..8].copy_from_slice(&answers.to_be_bytes());
        for target in [&b"\x04NS-1\x03aws\x00"[..], &b"\x02ns\xc0\x12"[..]] {
            bytes.extend(b"\xc0\x0c\x00\x02\x00\x01\x00\x00\x01\x2c");
            bytes.extend(u16::try_from(target.len()).unwrap().to_be_bytes());
            bytes.extend(target);
        }
        bytes
    }

    #[test]
    fn the_name_servers_of_an_answer_are_read() {
        let found = answer(7, "wpdev.kimmyai.io.", &told(0, 2)).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["ns-1.aws", "ns.kimmyai.io"]);
        assert!(answer(7, "wpdev.kimmyai.io", &told(NXDOMAIN, 0)).unwrap().is_empty(), "nobody refers to it");
        assert!(answer(7, "wpdev.kimmyai.io", &told(0, 0)).unwrap().is_empty());
    }

    /// A resolver that answers each question in turn with what it is given; without, it says nothing.
    async fn played(answers: Vec<Option<Vec<u8>>>) -> (SocketAddr, tokio::task::JoinHandle<Vec<Vec<u8>>>) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = socket.local_addr().unwrap();
        let play = async move {
            let mut asked = vec![];
            for answer in answers {
                let mut bytes = vec![0; 512];
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                asked.push(bytes[..length].to_vec());
                if let Some(mut answer) = answer {
                    answer[..2].copy_from_slice(&bytes[..2]);
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
            asked
        };
        (at, tokio::spawn(play))
    }

    #[tokio::test]
    async fn a_resolver_is_asked_over_the_network_and_once_more_where_it_says_nothing() {
        let (at, asked) = played(vec![None, Some(told(0, 2))]).await;
        let found = ask(at, "wpdev.kimmyai.io").await.unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["ns-1.aws", "ns.kimmyai.io"]);
        let asked = asked.await.unwrap();
        assert_eq!(asked[0], asked[1], "the same question");
        let id = u16::from_be_bytes([asked[0][0], asked[0][1]]);
        assert_eq!(Some(&asked[0]), question(id, "wpdev.kimmyai.io").as_ref());

        let (at, _) = played(vec![Some(told(NXDOMAIN, 0))]).await;
        assert!(ask(at, "wpdev.kimmyai.io").await.unwrap().is_empty(), "nobody refers to it");
        let (at, _) = played(vec![Some(told(2, 0))]).await;
        assert!(ask(at, "wpdev.kimmyai.io").await.unwrap_err().contains("code 2"));
    }

    #[test]
    fn what_makes_no_sense_is_no_answer() {
        assert!(answer(8, "wpdev.kimmyai.io", &told(0, 2)).is_err(), "of another question");
        assert!(answer(7, "wpdev.kimmyai.io", &told(2, 0)).unwrap_err().contains("code 2"));
        let whole = told(0, 2);
        for length in 0..whole.len() {
            assert!(answer(7, "wpdev.kimmyai.io", &whole[..length]).is_err(), "cut off after {length}");
        }
        let mut circle = told(0, 2);
        (circle[12], circle[13]) = (0xc0, 12);
        assert!(answer(7, "wpdev.kimmyai.io", &circle).is_err());
        assert!(question(1, "a..b").is_none() && question(1, &"a".repeat(64)).is_none());
    }

    #[test]
    fn the_systems_resolver_is_asked() {
        let named = |conf| resolver(conf).to_string();
        assert_eq!(named("# none\nsearch x\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"), "10.0.0.2:53");
        assert_eq!(named("nameserver fd00::2"), "[fd00::2]:53");
        assert_eq!(named(""), "127.0.0.1:53");
    }
}
