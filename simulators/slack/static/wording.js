// What Slack's page says of channels, people and commands. `state` is the simulator's, `me` the person who looks.
import { el } from "./dom.js";

/** Who is in a conversation, and with whom it is shared. */
export function subtitleOf(channel, state, me) {
  const people = `${channel.members.length} people${channel.app_is_member ? ` and ${state.app.name}` : ""}`;
  const others = [channel.team_id, ...channel.shared_with].filter((id) => !me.team_ids.includes(id));
  return others.length ? `${people}, shared with ${others.map((id) => companyOf(id, state)).join(", ")}` : people;
}

/** Slack says of people from elsewhere which company they are of. */
export function companyBadge(message, state, me) {
  const user = state.users.find((one) => one.id === message.user_id);
  if (!user || me.team_ids.some((id) => user.team_ids.includes(id))) return null;
  return el("span", { class: "badge" }, companyOf(user.team_id, state));
}

/** What can be typed after "/": the app's command, and those of Slack that the simulator knows. */
export function commandsOf(app) {
  return [
    { command: app.command, hint: app.command_usage_hint, description: app.command_description },
    { command: "/invite", hint: `@${app.name}`, description: `Add ${app.name} to this conversation` },
    { command: "/remove", hint: `@${app.name}`, description: `Take ${app.name} out of this channel` },
  ];
}

function companyOf(teamId, state) {
  return state.workspaces.find((workspace) => workspace.id === teamId)?.name ?? teamId;
}
