//! A look at a web address, as a visitor's browser takes it: neither signed nor AWS's protocol. It goes through the HTTP client
//! that the SDK brings along.

use std::convert::Infallible;
use std::time::Duration;

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::error::chain;

/// Who does not answer the connection by then is not there.
const CONNECT: Duration = Duration::from_secs(5);
/// And nobody needs longer for a page.
const WHOLE: Duration = Duration::from_secs(10);

/// Sends one GET for an address (`http://…/` or `https://…/`) and answers the status and the text. Redirects are answered as they
/// are.
///
/// # Errors
/// Why nothing answered there: the name is not known, nobody listens, the certificate is another's.
pub async fn fetch(url: &str) -> Result<(u16, String), String> {
    get(url).await.map(|(status, _, body)| (status, body))
}

/// What date the answer at this address bears, whatever else it says: the time of whoever answers.
///
/// # Errors
/// Why nothing answered there, or that the answer bears no date.
pub async fn date_at(url: &str) -> Result<String, String> {
    let (_, date, _) = get(url).await?;
    date.ok_or_else(|| "the answer bears no date".to_owned())
}

async fn get(url: &str) -> Result<(u16, Option<String>, String), String> {
    let look = Operation::builder()
        .service_name("web")
        .operation_name("Get")
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .no_auth()
        .no_retry()
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(WHOLE).build())
        .serializer(|(): ()| Ok(HttpRequest::empty()))
        .deserializer::<_, Infallible>(|response| {
            let body = response.body().bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            let date = response.headers().get("date").map(str::to_owned);
            Ok((response.status().as_u16(), date, body.unwrap_or_default()))
        })
        .build();
    look.invoke(()).await.map_err(|error| chain(&error))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::{date_at, fetch};

    /// A server that answers one request, and tells the first line of it.
    fn serve(answer: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            reader.read_line(&mut first).unwrap();
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            stream.write_all(answer.as_bytes()).unwrap();
            first.trim_end().to_owned()
        });
        (url, asked)
    }

    #[tokio::test]
    async fn the_date_is_that_of_the_answer() {
        let (url, asked) = serve("HTTP/1.1 403 Forbidden\r\nDate: Thu, 26 Nov 2026 08:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(date_at(&url).await, Ok("Thu, 26 Nov 2026 08:00:00 GMT".to_owned()));
        asked.join().unwrap();
        let (url, asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(date_at(&url).await, Err("the answer bears no date".to_owned()));
        asked.join().unwrap();
    }

    #[tokio::test]
    async fn a_page_is_fetched_as_it_is() {
        for (answer, status, body) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, "ok"),
            ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", 503, ""),
            ("HTTP/1.1 301 Moved\r\nlocation: https://elsewhere/\r\ncontent-length: 0\r\n\r\n", 301, ""),
        ] {
            let (url, asked) = serve(answer);
            assert_eq!(fetch(&url).await, Ok((status, body.to_owned())));
            assert_eq!(asked.join().unwrap(), "GET / HTTP/1.1");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_and_no_answer() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(fetch(&format!("http://{closed}/")).await.is_err());
        assert!(fetch("http://nobody.invalid/").await.is_err());
    }
}
