//! How Leptos sends and receives questions.

use http::Method;
use leptos::server_fn::ContentType;
use leptos::server_fn::codec::{Encoding, Json};
use leptos::server_fn::request::{ClientReq, Req};

use super::{NoQuery, Query};
#[cfg(feature = "ssr")]
use super::{read_json, read_url};
use crate::api::ApiError;

/// A question as the parameters of a `GET`.
pub struct UrlParameters;

/// A question as the JSON object in the body of a `POST`.
pub struct JsonBody;

impl ContentType for UrlParameters {
    const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded";
}

impl Encoding for UrlParameters {
    const METHOD: Method = Method::GET;
}

impl ContentType for JsonBody {
    const CONTENT_TYPE: &'static str = <Json as ContentType>::CONTENT_TYPE;
}

impl Encoding for JsonBody {
    const METHOD: Method = Method::POST;
}

/// Lets Leptos send and receive these server functions, whose one argument is a question, as parameters of a URL.
macro_rules! asked_by_url {
    ($($call:ident => $query:ident,)*) => {
        $($crate::api::query::sent_as!($call, $query, UrlParameters);)*
    };
}

/// The same for those whose question is a JSON object.
macro_rules! asked_by_post {
    ($($call:ident => $query:ident,)*) => {
        $($crate::api::query::sent_as!($call, $query, JsonBody);)*
    };
}

macro_rules! sent_as {
    ($call:ident, $query:ident, $encoding:ident) => {
        impl<Request> leptos::server_fn::codec::IntoReq<$encoding, Request, ApiError> for $call
        where
            Request: leptos::server_fn::request::ClientReq<ApiError>,
        {
            fn into_req(self, path: &str, accepts: &str) -> Result<Request, ApiError> {
                $encoding::send(&$query::from(self), path, accepts)
            }
        }

        impl<Request> leptos::server_fn::codec::FromReq<$encoding, Request, ApiError> for $call
        where
            Request: leptos::server_fn::request::Req<ApiError> + Send + 'static,
        {
            async fn from_req(request: Request) -> Result<Self, ApiError> {
                $encoding::receive::<$query, _>(request).await.map(Self::from)
            }
        }
    };
}

pub(crate) use {asked_by_post, asked_by_url, sent_as};

impl UrlParameters {
    /// Makes the request.
    pub(crate) fn send<Request: ClientReq<ApiError>>(
        query: &impl Query,
        path: &str,
        accepts: &str,
    ) -> Result<Request, ApiError> {
        Request::try_new_get(path, Self::CONTENT_TYPE, accepts, &query.to_search())
    }

    /// Reads the question.
    pub(crate) async fn receive<Q: Query, Request>(request: Request) -> Result<Q, ApiError>
    where
        Request: Req<ApiError> + Send + 'static,
    {
        read_url(request.as_query().unwrap_or_default())
    }
}

impl JsonBody {
    /// Makes the request.
    pub(crate) fn send<Request: ClientReq<ApiError>>(
        query: &impl Query,
        path: &str,
        accepts: &str,
    ) -> Result<Request, ApiError> {
        // Texts and numbers, which can always be written.
        let body = serde_json::to_string(query).unwrap_or_default();
        Request::try_new_post(path, Self::CONTENT_TYPE, accepts, body)
    }

    /// Reads the question.
    pub(crate) async fn receive<Q: Query, Request>(request: Request) -> Result<Q, ApiError>
    where
        Request: Req<ApiError> + Send + 'static,
    {
        // What stands in the URL would be ignored.
        read_url::<NoQuery>(request.as_query().unwrap_or_default())?;
        read_json(&request.try_into_string().await?)
    }
}

/// Leptos wants to know how a question is read in the browser too, where nobody asks one.
#[cfg(not(feature = "ssr"))]
fn read_url<Q: Query>(_: &str) -> Result<Q, ApiError> {
    Err(ApiError::new(crate::api::ErrorCode::Internal, "the server alone reads questions"))
}

#[cfg(not(feature = "ssr"))]
use read_url as read_json;
