// What a customer's code does with the types: it must compile, and each line marked as an error must not.
import type { Event } from "./event";

export const sent: Event[] = [
  { event_type: "click", element: "movie", user_id: "u1" },
  { event_type: "custom", name: "promo_code_used", anonymous_id: "a1", properties: { code: "SPRING", discount: 15 } },
  { event_type: "search_filter", user_id: "u1", query: null },
  // @ts-expect-error: a field of another type
  { event_type: "click", element: "movie", user_id: "u1", watched_ms: 5 },
  // @ts-expect-error: a required field is missing
  { event_type: "click", user_id: "u1" },
  // @ts-expect-error: no such type
  { event_type: "clicked", element: "movie", user_id: "u1" },
];

export function what(event: Event): string {
  switch (event.event_type) {
    case "click":
      return event.element;
    case "custom":
      return event.name;
    default:
      // @ts-expect-error: it is neither of those
      return event.element;
  }
}
