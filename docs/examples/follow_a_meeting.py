"""Starts a meeting and follows it: python follow_a_meeting.py CERTIFICATES TARGET TEAM USER CHANNEL"""

import sys
import uuid

from zoomslack.client import Client, Tls
from zoomslack.meetings.v1.meetings_service_pb2 import StartMeetingRequest, WatchMeetingRequest
from zoomslack.type.v1.slack_pb2 import SlackConversation, SlackUser

certificates, target, team, user, channel = sys.argv[1:]
person = SlackUser(slack_team_id=team, slack_user_id=user)
with Client(meetings=target, tls=Tls.from_folder(certificates)) as mesh:
    request = StartMeetingRequest(user=person, request_id=str(uuid.uuid4()), topic="Standup", start_another=True)
    request.conversation.CopyFrom(SlackConversation(slack_channel_id=channel))
    meeting = mesh.meetings.StartMeeting(request).meeting
    print("started", meeting.zoom_meeting_id, flush=True)
    for change in mesh.follow_meeting(WatchMeetingRequest(user=person, meeting_id=meeting.meeting_id)):
        who = change.joined.attendee if change.HasField("joined") else change.left.attendee
        print(change.WhichOneof("change"), who.slack_user_id or who.display_name, flush=True)
