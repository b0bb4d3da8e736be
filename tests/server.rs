//! A server that speaks just enough of AWS's protocol to say who the caller is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The server. It ends with the test's process.
pub(crate) struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server to which every caller is of this account.
    pub(crate) fn of_account(account: &'static str) -> Self {
        Self::with(account, None)
    }

    /// A server that wants this code for a session, and says who the caller is to the session alone.
    pub(crate) fn that_wants(code: &'static str, account: &'static str) -> Self {
        Self::with(account, Some(code))
    }

    fn with(account: &'static str, code: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let asked = Arc::new(Mutex::new(vec![]));
        let log = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = log.clone();
                thread::spawn(move || serve(stream, account, code, &log));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The operations asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// The key of the session that is given for a code.
const SESSION: &str = "ASIASESSION";

fn serve(stream: TcpStream, account: &str, code: Option<&str>, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut stream = stream;
    while let Some((head, body)) = request(&mut reader) {
        let field = |name: &str| body.split('&').find_map(|part| part.strip_prefix(name));
        let by_session = head.contains(&format!("credential={}/", SESSION.to_lowercase()));
        let action = field("Action=").unwrap_or("something else");
        log.lock().expect("no panic").push(if by_session { format!("{action} by the session") } else { action.to_owned() });
        let (status, answer) = if action == "GetCallerIdentity" && (by_session || code.is_none()) {
            ("200 OK", identity(account))
        } else if action == "GetSessionToken" && code.is_some() && field("TokenCode=") == code {
            ("200 OK", session())
        } else if code.is_some() {
            let code = "<Error><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed</Message></Error>";
            ("403 Forbidden", format!("<ErrorResponse>{code}</ErrorResponse>"))
        } else {
            let code = "<Error><Code>NotImplemented</Code><Message>not here</Message></Error>";
            ("501 Not Implemented", format!("<ErrorResponse>{code}</ErrorResponse>"))
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", answer.len());
        if stream.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn session() -> String {
    format!(
        "<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetSessionTokenResult><Credentials>\
         <AccessKeyId>{SESSION}</AccessKeyId><SecretAccessKey>session-secret</SecretAccessKey><SessionToken>session-token</SessionToken>\
         <Expiration>2126-01-01T00:00:00Z</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>"
    )
}

/// The head, in small letters, and the body of the next request; none when the caller has gone.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let (mut length, mut head) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_lowercase();
        head.push_str(&line);
        head.push('\n');
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

fn identity(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/test</Arn><UserId>AIDATEST</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}
