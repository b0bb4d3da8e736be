//! Refusals in each protocol's own words, so that the SDK's own reader makes the error value.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::fate::Refusal;

enum Protocol {
    Ec2,
    Query,
    Xml,
    S3,
    Json,
    RestJson,
    Cbor,
}

fn protocol(service: &str) -> Protocol {
    match service {
        "EC2" => Protocol::Ec2,
        "RDS" | "IAM" | "STS" | "SNS" | "Elastic Load Balancing v2" => Protocol::Query,
        "CloudFront" | "Route 53" => Protocol::Xml,
        "S3" => Protocol::S3,
        "EFS" => Protocol::RestJson,
        "CloudWatch" => Protocol::Cbor,
        _ => Protocol::Json,
    }
}

/// A response of this status with the request id that the service would give.
pub(crate) fn response(service: &str, number: usize, status: u16, body: SdkBody) -> HttpResponse {
    let status = StatusCode::try_from(status).or_else(|_| StatusCode::try_from(500)).expect("500 is an HTTP status");
    let mut response = HttpResponse::new(status, body);
    let header = if service == "S3" { "x-amz-request-id" } else { "x-amzn-requestid" };
    response.headers_mut().insert(header, request_id(number));
    response
}

fn request_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// A refusal as the service's protocol writes it.
pub(crate) fn refusal(service: &str, number: usize, refusal: &Refusal, head: bool) -> HttpResponse {
    if head {
        // A HEAD has no body: the caller gets the status alone.
        return response(service, number, refusal.status, SdkBody::empty());
    }
    let (code, id, kind) = (refusal.code, request_id(number), if refusal.status < 500 { "Sender" } else { "Receiver" });
    let members: String = refusal.members.iter().map(|(key, value)| format!("<{key}>{}</{key}>", xml(value))).collect();
    let inner = format!("<Code>{code}</Code><Message>{}</Message>{members}", xml(&refusal.message));
    let json = |code_name: &str, message_name: &str| {
        let mut object: serde_json::Map<_, _> =
            refusal.members.iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
        object.insert(code_name.to_owned(), code.into());
        object.insert(message_name.to_owned(), refusal.message.clone().into());
        SdkBody::from(serde_json::Value::from(object).to_string())
    };
    let protocol = protocol(service);
    let body = match protocol {
        Protocol::Ec2 => SdkBody::from(format!("<Response><Errors><Error>{inner}</Error></Errors><RequestID>{id}</RequestID></Response>")),
        Protocol::S3 => SdkBody::from(format!("<Error>{inner}<RequestId>{id}</RequestId></Error>")),
        Protocol::Query | Protocol::Xml => {
            SdkBody::from(format!("<ErrorResponse><Error><Type>{kind}</Type>{inner}</Error><RequestId>{id}</RequestId></ErrorResponse>"))
        }
        Protocol::Json => json("__type", "message"),
        Protocol::RestJson => json("ErrorCode", "Message"),
        Protocol::Cbor => SdkBody::from(cbor(&[("__type", code), ("message", &refusal.message)])),
    };
    let mut answer = response(service, number, refusal.status, body);
    match protocol {
        Protocol::RestJson => {
            answer.headers_mut().insert("x-amzn-errortype", code);
        }
        Protocol::Cbor => {
            answer.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
            answer.headers_mut().insert("x-amzn-query-error", format!("{code};{kind}"));
        }
        Protocol::Ec2 | Protocol::S3 | Protocol::Query | Protocol::Xml | Protocol::Json => {}
    }
    answer
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A CBOR map of short texts.
fn cbor(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![0xa0 | u8::try_from(pairs.len()).unwrap_or(0)];
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        out.push(0x79);
        out.extend(length.to_be_bytes());
        out.extend(&text.as_bytes()[..usize::from(length)]);
    }
    out
}
