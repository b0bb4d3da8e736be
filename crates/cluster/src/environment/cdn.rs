//! The CloudFront distribution.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Domain;
use crate::decode::{Choice, Table};

/// From how many places CloudFront answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum PriceClass {
    /// North America and Europe.
    #[serde(rename = "PriceClass_100")]
    Few,
    /// South Africa, the Middle East and most of Asia too.
    #[serde(rename = "PriceClass_200")]
    More,
    /// Everywhere.
    #[serde(rename = "PriceClass_All")]
    All,
}

impl Choice for PriceClass {
    const ALL: &'static [Self] = &[Self::Few, Self::More, Self::All];
}

/// The newest HTTP that viewers may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpVersion {
    /// HTTP/2.
    Http2,
    /// HTTP/2 and HTTP/3.
    Http2And3,
}

impl Choice for HttpVersion {
    const ALL: &'static [Self] = &[Self::Http2, Self::Http2And3];
}

/// One of CloudFront's managed cache policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum CachePolicy {
    /// Kept for a day, whatever cookies and query say.
    CachingOptimized,
    /// Not kept.
    CachingDisabled,
    /// Kept as the origin's Cache-Control says.
    UseOriginCacheControlHeaders,
}

impl Choice for CachePolicy {
    const ALL: &'static [Self] = &[Self::CachingOptimized, Self::CachingDisabled, Self::UseOriginCacheControlHeaders];
}

/// One of CloudFront's managed origin-request policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum OriginRequestPolicy {
    /// The origin sees all that the viewer sent, the host name too.
    AllViewer,
    /// All but the host name.
    AllViewerExceptHostHeader,
    /// Only what browsers send to ask for another site's files.
    #[serde(rename = "CORS-CustomOrigin")]
    CorsCustomOrigin,
}

impl Choice for OriginRequestPolicy {
    const ALL: &'static [Self] = &[Self::AllViewer, Self::AllViewerExceptHostHeader, Self::CorsCustomOrigin];
}

/// Which HTTP methods go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Methods {
    /// GET, HEAD and OPTIONS.
    Read,
    /// All seven.
    All,
}

impl Choice for Methods {
    const ALL: &'static [Self] = &[Self::Read, Self::All];
}

/// When a CloudFront function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggeredBy {
    /// As a viewer's request comes in.
    ViewerRequest,
    /// Before the answer leaves.
    ViewerResponse,
}

impl Choice for TriggeredBy {
    const ALL: &'static [Self] = &[Self::ViewerRequest, Self::ViewerResponse];
}

/// The CloudFront distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cdn {
    /// From how many places it answers. South Africa is not in PriceClass_100.
    pub price_class: PriceClass,
    /// The newest HTTP that viewers may speak.
    pub http_version: HttpVersion,
    /// Whether viewers may come by IPv6.
    pub ipv6: bool,
    /// The names it answers to; `{domain}` and `*.{domain}` if left out. None as long as `dns.delegated` is false.
    pub aliases: Vec<Domain>,
    /// How requests that no behaviour takes are treated: WordPress's pages.
    pub default: Behaviour,
    /// How requests are treated by path, the first that fits; WordPress's static files if left out.
    #[serde(rename = "behaviour")]
    pub behaviours: Vec<Behaviour>,
    /// CloudFront functions, by name.
    #[serde(rename = "function")]
    pub functions: BTreeMap<String, EdgeFunction>,
    /// How it speaks to the load balancer.
    pub origin: Origin,
    /// Whether each request is logged to an S3 bucket.
    pub logs: bool,
}

/// How requests for some paths are treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Behaviour {
    /// The paths: `/wp-content/*`. `*` for the default.
    pub path: String,
    /// What is kept, for how long.
    pub cache: CachePolicy,
    /// What the origin sees.
    pub origin_request: OriginRequestPolicy,
    /// Which methods go through.
    pub methods: Methods,
    /// Whether answers are compressed.
    pub compress: bool,
    /// The functions that run, by name.
    pub functions: Vec<String>,
}

/// A CloudFront function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EdgeFunction {
    /// When it runs.
    pub on: TriggeredBy,
    /// Its JavaScript, up to 10 KB.
    pub code: String,
}

/// How CloudFront speaks to the load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Origin {
    /// Seconds to wait for an answer.
    pub read_timeout: u32,
    /// Seconds to keep an idle connection.
    pub keepalive_timeout: u32,
    /// Headers that are added to every request, by name; their values stand in secrets.
    #[serde(rename = "header")]
    pub headers: BTreeMap<String, OriginHeader>,
}

/// A header that is added to every request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OriginHeader {
    /// The name of the Secrets Manager secret that holds its value.
    pub secret: String,
    /// The field of the secret's JSON; the whole secret if left out.
    pub field: Option<String>,
}

impl Cdn {
    pub(super) fn read(t: &Table<'_, '_>, domain: &Domain) -> Self {
        let behaviours = t.each("behaviour", |t| {
            let path = t.get("path").required(String::new(), "\"/wp-content/*\"");
            Behaviour::read(t, path, Behaviour::cached)
        });
        Self {
            price_class: t.get("price_class").or(PriceClass::More),
            http_version: t.get("http_version").or(HttpVersion::Http2And3),
            ipv6: t.get("ipv6").or(true),
            aliases: t.list("aliases").or(vec![domain.clone(), domain.wildcard()]),
            default: t.table("default", |t| {
                let path = t.get("path").or("*".to_owned());
                Behaviour::read(t, path, Behaviour::dynamic)
            }),
            behaviours: if t.raw("behaviour").is_some() {
                behaviours
            } else {
                ["/wp-content/*", "/wp-includes/*"].map(Behaviour::cached).into()
            },
            functions: t.named("function", |_, t| EdgeFunction {
                on: t.get("on").or(TriggeredBy::ViewerRequest),
                code: t.get("code").required(String::new(), "\"\"\"…\"\"\""),
            }),
            origin: t.table("origin", Origin::read),
            logs: t.get("logs").or(true),
        }
    }
}

impl Behaviour {
    /// For files that do not change under their name.
    fn cached(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            cache: CachePolicy::CachingOptimized,
            origin_request: OriginRequestPolicy::AllViewer,
            methods: Methods::Read,
            compress: true,
            functions: vec![],
        }
    }

    /// For pages made for each visitor.
    fn dynamic(path: &str) -> Self {
        Self { cache: CachePolicy::CachingDisabled, methods: Methods::All, ..Self::cached(path) }
    }

    fn read(t: &Table<'_, '_>, path: String, default: impl Fn(&str) -> Self) -> Self {
        let default = default(&path);
        Self {
            cache: t.get("cache").or(default.cache),
            origin_request: t.get("origin_request").or(default.origin_request),
            methods: t.get("methods").or(default.methods),
            compress: t.get("compress").or(default.compress),
            functions: t.list("functions").or(default.functions),
            path,
        }
    }
}

impl Origin {
    fn read(t: &Table<'_, '_>) -> Self {
        Self {
            read_timeout: t.get("read_timeout").within(1..=120, "seconds").or(60),
            keepalive_timeout: t.get("keepalive_timeout").within(1..=120, "seconds").or(5),
            headers: t.named("header", |_, t| OriginHeader {
                secret: t.get("secret").required(String::new(), "\"name-of-the-secret\""),
                field: t.get("field").option(),
            }),
        }
    }
}
