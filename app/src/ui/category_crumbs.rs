//! The way to a category.

use leptos::prelude::*;
use rewind_domain::catalog::Category;

use crate::address::StreamsAddress;
use crate::ui::foreign_text::foreign;

/// The categories that a category is within, and itself, each a link to its streams.
#[component]
pub(crate) fn CategoryCrumbs(
    /// The category.
    category: Category,
) -> impl IntoView {
    let crumb = |category: Category, name: String| {
        view! {
            <span aria-hidden="true">"›"</span>
            <a href=StreamsAddress::of(category).href() data-testid="crumb">{foreign(&name)}</a>
        }
    };
    let within = category
        .ancestors()
        .into_iter()
        .map(|ancestor| {
            let name = ancestor.name().to_string();
            crumb(Category::Within(ancestor), name)
        })
        .collect_view();
    let name = name_of(&category);
    let itself = (category != Category::All).then(|| crumb(category, name));
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/streams" data-testid="crumb-all">"Streams"</a>
            {within}
            {itself}
        </nav>
    }
}

/// What a category is called among those beside it.
pub(crate) fn name_of(category: &Category) -> String {
    match category {
        Category::All => "All streams".to_owned(),
        Category::Unnamed => "(no category)".to_owned(),
        Category::Within(category) => category.name().to_string(),
    }
}
