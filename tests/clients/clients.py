"""Clients of other people drive the simulator over HTTP: fbmessenger and python-facebook-api.

Nothing of them is changed but base URL and version.

    pip install -r requirements.txt && python clients.py     (after `cargo build --example simulator`)
"""

import collections
import collections.abc
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

# fbmessenger uses this name, which Python 3.10 removed.
collections.Iterable = collections.abc.Iterable

from fbmessenger import MessengerClient, elements, quick_replies, sender_actions, templates
from fbmessenger.attachments import Image
from pyfacebook import GraphAPI
from pyfacebook.exceptions import FacebookError

DEFAULT = Path(__file__).parents[2] / "target/debug/examples/simulator"
PROGRAM = os.environ.get("SIMULATOR", str(DEFAULT))
AMELIE = "24681357902468135"
YIJUN = "7324561089432101"


def act(at, route, body):
    """Acts as a person on the phone."""
    request = urllib.request.Request(
        f"{at['url']}/phone/{route}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))


def fbmessenger(at):
    """fbmessenger makes the calls of a CRM."""
    client = MessengerClient(at["page_token"], app_secret=at["app_secret"])
    client.graph_url = f"{at['url']}/v6.0"
    # By default it asks for `locale`, too, which costs the whole response without a permission.
    assert client.get_user_data(AMELIE)["error"]["code"] == 100
    profile = client.get_user_data(AMELIE, fields="first_name,last_name,profile_pic")
    assert profile["first_name"] == "Amélie", profile
    sent = client.send({"text": "Bonjour"}, AMELIE)
    assert sent["recipient_id"] == AMELIE, sent
    replies = quick_replies.QuickReplies([quick_replies.QuickReply(title="Red", payload="RED")])
    sent = client.send(elements.Text("Which?", quick_replies=replies).to_dict(), AMELIE)
    assert "message_id" in sent, sent
    button = elements.Button(button_type="postback", title="Order", payload="ORDER")
    template = templates.ButtonTemplate(text="Order?", buttons=[button])
    assert "message_id" in client.send(template.to_dict(), AMELIE)
    assert "message_id" in client.send(Image(url="https://shop.example/a.png").to_dict(), AMELIE)
    typing = sender_actions.SenderAction(sender_action="typing_on")
    assert client.send_action(typing.to_dict(), AMELIE) == {"recipient_id": AMELIE}
    assert client.set_messenger_profile({"get_started": {"payload": "GO"}}) == {"result": "success"}
    uploaded = client.upload_attachment(Image(url="https://shop.example/a.png"))
    assert "attachment_id" in uploaded, uploaded
    # It names no fields, which Meta requires since v3.2.
    assert client.subscribe_app_to_page()["error"]["code"] == 100
    refused = client.send({"text": "nobody"}, "1")
    assert refused["error"]["error_subcode"] == 2018001, refused


def python_facebook_api(at):
    """python-facebook-api makes the calls of a CRM."""
    api = GraphAPI(
        app_id=at["app_id"], app_secret=at["app_secret"], access_token=at["page_token"],
        base_url=at["url"] + "/", version="v27.0",
    )
    page = at["page_id"]
    assert api.get_object(page, fields="id,name")["name"] == "Corner Shop"
    message = {"recipient": json.dumps({"id": YIJUN}), "message": json.dumps({"text": "您好"})}
    assert "message_id" in api.post_object(page, "messages", data=message)
    act(at, "messages", {"psid": YIJUN, "text": "有貨嗎？"})
    act(at, "messages", {"psid": AMELIE, "text": "Merci"})
    # It walks pages until there is no `paging.next`.
    found = api.get_full_connections(page, "conversations", count=None, limit=1, fields="id,updated_time")
    assert len(found["data"]) == 2, found
    thread = found["data"][0]["id"]
    messages = api.get_connection(thread, "messages", fields="id,message")
    assert messages["data"][0]["message"] == "Merci", messages
    fields = {"subscribed_fields": "messages,messaging_postbacks"}
    assert api.post_object(page, "subscribed_apps", data=fields) == {"success": True}
    apps = api.get_connection(page, "subscribed_apps")
    assert apps["data"][0]["subscribed_fields"] == ["messages", "messaging_postbacks"]
    try:
        api.get_object("999")
    except FacebookError as error:
        assert error.code == 100, error
    else:
        raise AssertionError("an unknown object was not refused")


def main():
    failed = 0
    for test in (fbmessenger, python_facebook_api):
        words = [PROGRAM, "run", "--listen", "127.0.0.1:0", "--json", "--print-credentials"]
        # These clients keep no pause between two calls of the conversations, as Meta wants it.
        words += ["--limit", "conversations=0"]
        simulator = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            test(json.loads(simulator.stdout.readline()))
            print(f"ok      L11 {test.__doc__}")
        except Exception as error:  # Each client is tried, whatever became of the one before.
            failed += 1
            print(f"FAILED  L11 {test.__doc__} {type(error).__name__}: {error}")
        finally:
            simulator.kill()
            simulator.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
