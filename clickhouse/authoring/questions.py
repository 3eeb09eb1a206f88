"""What people of a streaming service ask, and the views that answer it: the index of the dictionary.

Each view is in it once. A question that no view answers has no line here.
"""

from __future__ import annotations

from typing import Final

QUESTIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "People": {
        "How many people come on a day, in a week, in a month?": (
            "daily_active_users",
            "weekly_active_users",
            "monthly_active_users",
        ),
        "How regularly do they come?": ("stickiness",),
        "Who is new, and who came back?": ("new_and_returning_users",),
        "Who comes back 1, 7, 30 days after the first day, or in the weeks after it?": (
            "retention",
            "weekly_retention",
        ),
        "Who was active on which days, and how much?": ("activity_per_day",),
        "What did this person do, all of it, in order?": ("user_journey",),
        "How long is a visit; where does it begin and end; how many end after one page?": ("sessions",),
    },
    "Films": {
        "Which films are watched most?": ("top_films", "films_per_day"),
        "Which films are finished, and which are given up?": ("completion", "video_completions"),
        "How far into a film do people get?": ("percent_watched",),
        "What is being watched, heartbeat by heartbeat?": ("video_progress",),
        "Does a trailer bring people to the film?": ("trailer_to_film",),
        "From a film's page over its trailer to the film: where are people lost?": ("funnel_of_film",),
        "How often does the picture stand still?": ("buffering",),
        "How often does the quality change, by whom, and which way?": ("quality_changes", "video_quality_changes"),
    },
    "Pages and searches": {
        "Which pages are opened most?": ("pages_per_day", "page_views"),
        "How long do people stay on pages of each kind, really active?": ("page_dwell", "page_leaves"),
        "What happened on one visit of a page?": ("page_visits",),
        "Of those who see a page, how many click, and on what?": ("click_through", "clicks"),
        "Where are people lost on any way of several steps?": ("funnel",),
        "What is searched for, and with which filters?": ("searches_per_day", "search_filters_used", "search_filters"),
        "Which searches find nothing?": ("searches_without_results",),
        "How often did an event happen that a team named itself?": ("custom_events",),
    },
    "Operation": {
        "What happened in the last five minutes?": ("events",),
        "How fresh is what I see?": ("pipeline_freshness", "consumer_lag"),
        "Is anything missing, refused or sent twice?": ("ingestion_errors", "duplicates"),
        "Which days lack events that came too late?": ("late_days",),
        "How much is stored?": ("table_sizes",),
    },
}
