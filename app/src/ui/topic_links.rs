//! Links between a topic and the aggregates in it.

use leptos::prelude::*;
use rewind_domain::catalog::Category;
use rewind_domain::{EntryId, Event, StreamKey, TopicPart};

use crate::address::{EventsAddress, Point, StreamsAddress, TravelAddress};
use crate::api::TopicAbout;
use crate::ui::foreign_text::foreign;
use crate::ui::state::topics;

/// The topics of the server, once it has named them.
#[derive(Clone, Copy)]
pub(crate) struct Topics(Memo<Vec<TopicAbout>>);

impl Topics {
    /// Tells all pages of them.
    pub(crate) fn provide(topics: Memo<Vec<TopicAbout>>) {
        provide_context(Self(topics));
    }

    fn expect() -> Self {
        expect_context()
    }
}

/// Where the events of an aggregate in a topic are, or which aggregates are in a topic. Nothing is drawn for other streams.
#[component]
pub(crate) fn TopicLinks(
    /// The stream.
    stream: StreamKey,
) -> impl IntoView {
    let Topics(topics) = Topics::expect();
    move || {
        topics.with(|topics| match topics::topic_of(topics, &stream) {
            Some(topic) => {
                let href = EventsAddress::newest(topic.stream.clone()).href();
                view! {
                    <span class="topic-link" data-testid="in-topic">
                        "in "
                        <a href=href data-testid="topic-stream">{foreign(&topic.stream.to_string())}</a>
                        " by "
                        <code>{foreign(&topic.by)}</code>
                    </span>
                }
                .into_any()
            }
            None => topics
                .iter()
                .filter(|topic| topic.stream == stream)
                .map(|topic| {
                    let of_type = topic.aggregate_type.to_string();
                    let href = StreamsAddress::of(inside(topic)).href();
                    view! {
                        <a class="topic-link" href=href data-testid="topic-aggregates">
                            {foreign(&of_type)}
                            " aggregates"
                        </a>
                    }
                })
                .collect_view()
                .into_any(),
        })
    }
}

/// The aggregates that an event of a topic is about, each with the way to the version that it makes of it.
#[component]
pub(crate) fn AboutAggregates(
    /// The stream that is listed.
    stream: StreamKey,
    /// The event.
    event: std::sync::Arc<Event>,
) -> impl IntoView {
    let Topics(topics) = Topics::expect();
    move || {
        let parts = topics.with(|topics| topics::parts_of(topics, &stream, &event));
        parts.into_iter().map(|part| about(&part, event.id)).collect_view()
    }
}

fn about(part: &TopicPart, event: EntryId) -> impl IntoView + use<> {
    let href = TravelAddress::at(part.key(), Point::Id(event)).href();
    view! {
        <dt>{foreign(&part.aggregate_type.to_string())}</dt>
        <dd>
            <a href=href title="Travel to the version that this event makes" data-testid="about-aggregate">
                {foreign(&part.id.to_string())}
            </a>
        </dd>
    }
}

/// The category of the aggregates in a topic.
fn inside(topic: &TopicAbout) -> Category {
    let any = TopicPart {
        topic: topic.stream.clone(),
        aggregate_type: topic.aggregate_type.clone(),
        id: "*".into(),
    };
    Category::of(&any.key())
}
