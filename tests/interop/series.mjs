// Calendars, one JSON object a line: {ics, last}. Answers when each of their moments begins, as
// Unix seconds in order, as ical.js follows series, exceptions and the zones that the text tells.
import { createInterface } from 'node:readline';

import ICAL from 'ical.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { ics, last } = JSON.parse(line);
  ICAL.TimezoneService.reset();
  const calendar = new ICAL.Component(ICAL.parse(ics));
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  const events = calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one));
  const series = events.find((one) => !one.isRecurrenceException());
  for (const one of events) if (one !== series) series.relateException(one);
  const found = [];
  const moments = series.iterator();
  for (let next = moments.next(); next && next.toUnixTime() < last && found.length < 5000; next = moments.next()) {
    found.push(series.getOccurrenceDetails(next).startDate.toUnixTime());
  }
  console.log(JSON.stringify(found.sort((a, b) => a - b)));
}
