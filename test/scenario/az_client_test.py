#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`sallyport az` beside a server that answers what the test wants: sign-in, tokens, errors, lists, presets, completion. If this
fails, a script of the cloud's `az` reads another text or exit code here, or a secret goes where it must not.
Usage: az_client_test.py SALLYPORT"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "az"))
from recorder import Recorder  # noqa: E402

PROGRAM = sys.argv.pop(1)
GOOD, FAILED, USAGE, NOT_FOUND = 0, 1, 2, 3
ID = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"
USER = "cccccccc-0000-0000-0000-000000000001"
ROLE = "0ad04412-c4d5-4796-b79c-f76d14c8d402"
SUBSCRIPTION = {"id": f"/subscriptions/{ID}", "subscriptionId": ID, "tenantId": TENANT, "displayName": "Ours", "state": "Enabled"}
GROUP = {"id": f"/subscriptions/{ID}/resourceGroups/g", "name": "g", "location": "local", "type": "Microsoft.Resources/resourceGroups",
         "properties": {"provisioningState": "Succeeded"}}
GROUPS = f"/subscriptions/{ID}/resourcegroups"
TOKEN = f"/{TENANT}/oauth2/v2.0/token"
ENDPOINTS = {"resourceManager": "x", "microsoftGraphResourceId": "https://graph.test/",
             "authentication": {"loginEndpoint": "x", "audiences": ["https://manager.test"]}}


def plain(request):
    return (200, {"value": [SUBSCRIPTION]})


def signed(request):
    """The control plane of a server with sign-in."""
    if request["headers"].get("Authorization") == "Bearer tok-1":
        return (200, {"value": [SUBSCRIPTION]})
    return (401, {"error": {"code": "AuthenticationFailed", "message": "Authentication failed. The 'Authorization' header is missing."}})


def token(**more):
    return (200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "tok-1", **more})


class Az(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.profile = self.folder / "sallyport-az/profile.json"

    def serve(self, answers):
        self.server = Recorder({"GET /subscriptions": plain, "GET /metadata/endpoints": (200, ENDPOINTS), **answers})
        self.addCleanup(self.server.close)

    def az(self, *words, environment=None):
        clean = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "XDG_STATE_HOME": str(self.folder), "SALLYPORT_URL": self.server.url, **(environment or {})}
        clean.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
        return subprocess.run([PROGRAM, "az", *words], capture_output=True, text=True, env=clean, timeout=120, stdin=subprocess.DEVNULL)

    def good(self, *words, **more):
        done = self.az(*words, **more)
        self.assertEqual((done.returncode, done.stderr), (GOOD, ""), words)
        return done.stdout

    def bad(self, code, text, *words, **more):
        done = self.az(*words, **more)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "", text), words)

    # --- errors and exit codes ---

    def test_errors_are_those_of_az(self):
        message = "Resource group 'no' could not be found."
        self.serve({f"GET {GROUPS}/no": (404, {"error": {"code": "ResourceGroupNotFound", "message": message}}),
                    f"GET {GROUPS}/busy": (409, {"error": {"code": "Conflict", "message": "later"}}),
                    "GET /v1.0/users/nobody": (404, {"error": {"code": "Request_ResourceNotFound", "message": "no such person"}}),
                    f"GET {GROUPS}/odd": (500, "<html>\x1b[2J")})
        self.bad(NOT_FOUND, f"ERROR: (ResourceGroupNotFound) {message}\nCode: ResourceGroupNotFound\nMessage: {message}\n", "group", "show", "-n", "no")
        self.bad(FAILED, "ERROR: (Conflict) later\nCode: Conflict\nMessage: later\n", "group", "show", "-n", "busy")
        self.bad(NOT_FOUND, "ERROR: no such person\n", "ad", "user", "show", "--id", "nobody")
        self.bad(FAILED, "ERROR: the server answered 500\n", "group", "show", "-n", "odd")
        self.bad(FAILED, "WARNING: Unable to prompt for confirmation as no tty available. Use --yes.\nERROR: Operation cancelled.\n", "group", "delete", "-n", "g")
        self.assertEqual(self.server.asked("DELETE", f"{GROUPS}/g"), [])

    def test_wrong_usage_asks_nothing_of_the_server(self):
        self.serve({})
        for words, text in ((["grop", "list"], "ERROR: 'grop' is misspelled or not recognized by the system.\nDid you mean 'group' ?\n"),
                            (["group", "create", "-n", "g"], "ERROR: the following arguments are required: --location/-l\n"),
                            (["group", "list", "--query", "["], "ERROR: argument --query: invalid jmespath_type value: '['\n"),
                            (["group", "list", "extra"], "ERROR: unrecognized arguments: extra\n")):
            done = self.az(*words)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
            self.assertTrue(done.stderr.startswith(text), done.stderr)
        self.assertEqual(self.server.requests, [])

    def test_no_server_is_said_with_what_to_do(self):
        self.serve({})
        done = self.az("group", "list", environment={"SALLYPORT_URL": "http://127.0.0.1:1"})
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("Start a server with: sallyport dev.", done.stderr)

    # --- answers ---

    def test_an_answer_in_every_form(self):
        self.serve({f"GET {GROUPS}": (200, {"value": [GROUP]}), f"HEAD {GROUPS}/g": (204, None), f"PUT {GROUPS}/g": (201, GROUP)})
        self.assertEqual(self.good("group", "list", "-o", "table"), "Name    Location    Status\n------  ----------  ---------\ng       local       Succeeded\n")
        self.assertEqual(self.good("group", "list", "-o", "tsv"), f"{GROUP['id']}\tlocal\tNone\tg\t\tNone\t{GROUP['type']}\n")
        self.assertEqual(self.good("group", "list", "--query", "[].name", "-o", "yaml"), "- g\n")
        self.assertEqual(self.good("group", "list", "--query", "missing"), "")
        self.assertEqual(self.good("group", "list", "-o", "none"), "")
        self.assertEqual(self.good("group", "exists", "-n", "g"), "true\n")
        self.assertEqual(self.good("group", "exists", "-n", "h"), "false\n")
        self.assertEqual(self.good("group", "create", "-n", "g", "-l", "local", "--no-wait"), "")
        self.assertEqual(json.loads(self.good("group", "create", "-n", "g", "-l", "West US 2", "--tags", "a=b")), {**GROUP, "managedBy": None, "tags": None})
        self.assertEqual(json.loads(self.server.asked("PUT", f"{GROUPS}/g")[-1]["body"]), {"location": "westus2", "tags": {"a": "b"}})

    def test_a_list_is_read_to_its_end_at_one_server(self):
        other = Recorder({})
        self.addCleanup(other.close)
        self.serve({f"GET {GROUPS}": lambda request: (200, {"value": [GROUP], **({} if "skip" in request["query"] else {"nextLink": f"{self.server.url}{GROUPS}?skip=1"})})})
        self.assertEqual(self.good("group", "list", "--query", "length(@)"), "2\n")
        self.server.answers[f"GET {GROUPS}"] = (200, {"value": [GROUP], "nextLink": f"{other.url}/more"})
        self.assertIn("the list goes on at another server", self.az("group", "list").stderr)
        self.server.answers[f"GET {GROUPS}"] = (302, None, {"Location": f"{other.url}/more"})
        self.assertEqual(self.az("group", "list").returncode, FAILED)
        self.assertEqual(other.requests, [])

    def test_a_name_is_one_segment_of_the_path(self):
        self.serve({})
        self.az("group", "show", "-n", "../../x?y#z")
        self.assertEqual([request["raw"] for request in self.server.requests[1:]], [f"{GROUPS}/..%2F..%2Fx%3Fy%23z?api-version=2024-11-01"])

    def test_rest(self):
        self.serve({"GET /x": (200, {"a": 1}), f"PUT /subscriptions/{ID}/y": (200, {"b": 2}), "GET /no": (404, {"error": 1})})
        self.assertEqual(self.good("rest", "-u", "/x?api-version=1", "--query", "a"), "1\n")
        (self.folder / "body").write_text('{"c":3}')
        self.good("rest", "-m", "PUT", "--url", "/subscriptions/{subscriptionId}/y", "--body", f"@{self.folder}/body", "--headers", "X-Mine=7")
        request = self.server.asked("PUT", f"/subscriptions/{ID}/y")[0]
        self.assertEqual((request["body"], request["headers"]["X-Mine"], request["headers"]["Content-Type"]), ('{"c":3}', "7", "application/json"))
        self.bad(NOT_FOUND, 'ERROR: Not Found({"error": 1})\n', "rest", "-u", "/no")

    def test_rest_takes_pairs_and_json(self):
        self.serve({"GET /x": (200, {"a": 1})})
        self.good("rest", "-u", "/x", "--headers", '{"X-One": "1", "X-Two": 2}', "X-Three=a=b", "X-Four: c:d", "--url-parameters", '{"$top": 5, "n": "a b"}', "m=q=r")
        request = self.server.asked("GET", "/x")[0]
        self.assertEqual([request["headers"][f"X-{name}"] for name in ("One", "Two", "Three", "Four")], ["1", "2", "a=b", "c:d"])
        self.assertEqual(request["query"], {"$top": "5", "n": "a b", "m": "q=r"})
        for words, said in ((("-u", "/x", "--headers", "nothing"), "argument --headers: expected NAME=VALUE or JSON, not 'nothing'"),
                            (("-u", "/x", "--uri-parameters", '{"a":'), "argument --uri-parameters: expected NAME=VALUE or JSON, not '{\"a\":'"),
                            (("-u", "/x", "--headers", "A=b\nC: d"), "argument --headers: an end of line in A"),
                            (("-u", "x/y"), "argument --url/--uri/-u: 'x/y' is neither a path, which begins with /, nor a URL")):
            self.bad(USAGE, f"ERROR: {said}\n", "rest", *words)
        self.assertEqual(len(self.server.requests), 1)

    def test_a_file_stands_for_a_value(self):
        self.serve({"PUT /x": (200, {})})
        (self.folder / "body").write_text('{"c":3}\n\n')
        home = {"HOME": str(self.folder)}
        for word in (f"--body=@{self.folder}/body", "--body=@~/body", "-b=@~/body"):
            self.good("rest", "-m", "put", "-u", "/x", word, environment=home)
        with open(self.folder / "body") as file:
            done = subprocess.run([PROGRAM, "az", "rest", "-m", "put", "-u", "/x", "-b", "@-"], stdin=file, timeout=120, capture_output=True,
                                  env={"PATH": "/usr/bin:/bin", "SALLYPORT_URL": self.server.url, "XDG_STATE_HOME": str(self.folder), **{
                                      name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))}})
        self.assertEqual(done.returncode, GOOD, done.stderr)
        self.good("rest", "-m", "put", "-u", "/x", "-b", f"@{self.folder}/none", "--headers", f"X-Mine=@{self.folder}/body")
        asked = self.server.asked("PUT", "/x")
        self.assertEqual([request["body"] for request in asked], ['{"c":3}'] * 4 + [f"@{self.folder}/none"])
        self.assertEqual(asked[-1]["headers"]["X-Mine"], '{"c":3}')

    def test_tags_that_are_typed_replace_those_that_are_there(self):
        tagged = {**GROUP, "tags": {"a": "b", "c": "d"}}
        scheduler = f"/subscriptions/{ID}/resourceGroups/g/providers/Microsoft.DurableTask/schedulers/abc"
        self.serve({f"{method} {path}": (200, tagged) for method in ("GET", "PATCH") for path in (f"{GROUPS}/g", scheduler)})
        for words, path in ((("group", "update", "-n", "g"), f"{GROUPS}/g"), (("durabletask", "scheduler", "update", "-n", "abc", "-g", "g"), scheduler)):
            for tags, wanted in ((["a=x", "e=f"], {"a": "x", "e": "f", "c": None}), ([""], {"a": None, "c": None}), ([], {"a": None, "c": None})):
                self.good(*words, "--tags", *tags)
                self.assertEqual(json.loads(self.server.asked("PATCH", path)[-1]["body"])["tags"], wanted)
        self.good("durabletask", "scheduler", "update", "-n", "abc", "-g", "g", "--public-network-access", "disabled")
        self.assertEqual(json.loads(self.server.asked("PATCH", scheduler)[-1]["body"]), {"properties": {"publicNetworkAccess": "Disabled"}})
        self.assertEqual(self.az("group", "update", "-n", "none", "--tags", "a=b").returncode, NOT_FOUND)

    def test_groups_are_listed_by_tag(self):
        self.serve({f"GET {GROUPS}": (200, {"value": [GROUP]})})
        for words, filter in (((), None), (("--tag", ""), None), (("--tag", "a"), "tagname eq 'a'"), (("--tag", "a="), "tagname eq 'a'"),
                              (("--tag=it's=b=c",), "tagname eq 'it''s' and tagvalue eq 'b=c'")):
            self.assertEqual(self.good("group", "list", *words, "--query", "[].name", "-o", "tsv"), "g\n")
            self.assertEqual(self.server.asked("GET", GROUPS)[-1]["query"].get("$filter"), filter)

    def test_presets(self):
        self.serve({f"PUT {GROUPS}/g": (200, GROUP)})
        self.good("configure", "--defaults", "group=mine", "location=there")
        self.good("group", "create", "-n", "g")
        self.assertEqual(json.loads(self.server.asked("PUT", f"{GROUPS}/g")[0]["body"]), {"location": "there"})
        self.assertEqual(json.loads(self.good("configure", "--list-defaults", "--query", "[].value")), ["mine", "there"])
        self.good("configure", "--defaults", "group=", "location=")
        self.assertEqual(self.az("group", "create", "-n", "g").returncode, USAGE)

    def test_what_has_nothing_to_do_says_so(self):
        self.serve({})
        for words in (["extension", "add", "--name", "containerapp", "--upgrade", "-y"], ["provider", "register", "--namespace", "Microsoft.App"],
                      ["cloud", "set", "-n", "x"], ["upgrade"]):
            done = self.az(*words)
            self.assertEqual((done.returncode, done.stdout), (GOOD, ""))
            self.assertTrue(done.stderr.startswith("WARNING: az "), done.stderr)
            self.assertEqual(self.good(*words, "--only-show-errors"), "")
        self.assertEqual(self.server.requests, [])

    # --- roles ---

    def test_a_grant_finds_who_is_meant(self):
        scope = f"/subscriptions/{ID}/resourceGroups/g"
        granted = []

        def grant(request):
            granted.append(request)
            return (201, {"id": request["path"], "name": "n", "type": "t", "properties": {"scope": scope, **json.loads(request["body"])["properties"]}})

        self.serve({"GET /v1.0/users": (200, {"value": [{"id": USER, "userPrincipalName": "ann@example.org"}]})})
        lookup = self.server.answers.get
        self.server.answers = type("Answers", (dict,), {"get": lambda answers, key: grant if key.startswith("PUT ") else lookup(key)})()
        shown = json.loads(self.good("role", "assignment", "create", "--assignee", "ann@example.org", "--role", ROLE, "--scope", scope))
        self.assertEqual((shown["principalId"], shown["principalType"], shown["resourceGroup"], shown["condition"]), (USER, "User", "g", None))
        self.assertRegex(granted[0]["path"], rf"^{scope}/providers/Microsoft.Authorization/roleAssignments/[0-9a-f-]{{36}}$")
        self.assertEqual(json.loads(granted[0]["body"])["properties"],
                         {"principalId": USER, "principalType": "User",
                          "roleDefinitionId": f"/subscriptions/{ID}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"})
        self.assertEqual(self.server.asked("GET", "/v1.0/users")[0]["query"], {"$filter": "userPrincipalName eq 'ann@example.org'"})

    def test_a_grant_is_taken_away_only_where_something_says_which(self):
        # The cloud's own az says these itself, with 1; only what its argparse refuses is 2.
        self.serve({})
        self.bad(FAILED, "ERROR: Please provide at least one of these arguments: --ids, --assignee, --assignee-object-id, --role, --resource-group, --scope\n",
                 "role", "assignment", "delete")
        for assignee in ((), ("--assignee", "a", "--assignee-object-id", "b")):
            self.bad(FAILED, "ERROR: usage error: --assignee STRING | --assignee-object-id GUID\n", "role", "assignment", "create", "--role", "x", "--scope", "/", *assignee)
        self.assertEqual(self.server.requests, [])

    def test_grants_are_chosen_by_an_object_s_id(self):
        plane = f"/subscriptions/{ID}/providers/Microsoft.Authorization/roleAssignments"
        grants = [{"id": f"{plane}/{name}", "name": name, "properties": {"scope": f"/subscriptions/{ID}", "principalId": who, "roleDefinitionId": f"/x/{ROLE}"}}
                  for name, who in (("one", USER), ("two", ID))]
        self.serve({f"GET {plane}": (200, {"value": grants}), f"DELETE {plane}/one": (200, {}),
                    f"GET {plane.replace('Assignments', 'Definitions')}": (200, {"value": []}), "POST /v1.0/directoryObjects/getByIds": (200, {"value": []})})
        self.assertEqual(self.good("role", "assignment", "list", "--assignee-object-id", USER.upper(), "--query", "[].name", "-o", "tsv"), "one\n")
        self.good("role", "assignment", "delete", "--assignee-object-id", USER)
        self.assertEqual([request["path"] for request in self.server.requests if request["method"] == "DELETE"], [f"{plane}/one"])

    # --- sign-in ---

    def test_a_program_signs_in(self):
        self.serve({"GET /subscriptions": signed, f"POST {TOKEN}": token(), f"GET {GROUPS}": (200, {"value": []})})
        done = self.az("group", "list")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("Please run 'az login' to setup account.", done.stderr)
        secret = self.folder / "secret"
        secret.write_text("s3cr&t=\n")
        account = json.loads(self.good("login", "--service-principal", "-u", "client-1", "-p", f"@{secret}", "--tenant", TENANT))[0]
        self.assertEqual((account["user"], account["isDefault"]), ({"name": "client-1", "type": "servicePrincipal"}, True))
        asked = self.server.asked("POST", TOKEN)
        self.assertEqual(len(asked), 1)
        self.assertEqual(asked[0]["body"], "client_id=client-1&grant_type=client_credentials&client_secret=s3cr%26t%3D&scope=https%3A%2F%2Fmanager.test%2F.default")
        self.assertNotIn("Authorization", asked[0]["headers"])
        self.assertEqual((self.profile.stat().st_mode & 0o7777, self.profile.parent.stat().st_mode & 0o7777), (0o600, 0o700))

        self.good("group", "list")
        self.assertEqual(len(self.server.asked("POST", TOKEN)), 1)  # the token was kept
        self.assertEqual(self.good("account", "get-access-token", "--resource", "https://durabletask.io", "--query", "accessToken", "-o", "tsv"), "tok-1\n")
        self.assertTrue(self.server.asked("POST", TOKEN)[1]["body"].endswith("scope=https%3A%2F%2Fdurabletask.io%2F.default"))

        kept = json.loads(self.profile.read_text())
        kept["tokens"]["https://manager.test"]["expires"] = 1
        self.profile.write_text(json.dumps(kept))
        self.good("group", "list")
        self.assertEqual(len(self.server.asked("POST", TOKEN)), 3)  # it was over, so there is a new one

        self.good("logout")
        self.assertNotIn("s3cr", self.profile.read_text())
        self.assertNotIn("tok-1", self.profile.read_text())

    def test_a_secret_that_is_wrong_is_not_kept(self):
        self.serve({f"POST {TOKEN}": (401, {"error": "invalid_client", "error_description": "Invalid client secret provided."})})
        done = self.az("login", "--service-principal", "-u", "c", "--tenant", TENANT, environment={"AZURE_CLIENT_SECRET": "wr0ng"})
        self.assertEqual((done.returncode, done.stdout), (FAILED, ""))
        self.assertTrue(done.stderr.startswith("ERROR: Invalid client secret provided.\n"), done.stderr)
        self.assertNotIn("wr0ng", done.stderr)
        self.assertFalse(self.profile.exists())

    def test_a_token_stays_with_the_server_that_it_is_for(self):
        self.serve({"GET /subscriptions": signed, f"POST {TOKEN}": token()})
        self.good("login", "--service-principal", "-u", "c", "-p", "x", "--tenant", TENANT)
        other = Recorder({"GET /subscriptions": plain, f"GET {GROUPS}": (200, {"value": []}), "GET /x": (200, {})})
        self.addCleanup(other.close)
        self.good("group", "list", environment={"SALLYPORT_URL": other.url})
        self.good("rest", "-u", f"{other.url}/x")
        self.assertEqual([request for request in other.requests if "Authorization" in request["headers"]], [])

    def test_a_person_signs_in_by_a_code(self):
        claims = base64.urlsafe_b64encode(json.dumps({"preferred_username": "ann@example.org"}).encode()).rstrip(b"=").decode()
        self.serve({"GET /subscriptions": signed,
                    "POST /organizations/oauth2/v2.0/devicecode": (200, {"device_code": "dc", "interval": 1, "message": "enter the code ABCD"}),
                    "POST /organizations/oauth2/v2.0/token": [(400, {"error": "authorization_pending"}), token(refresh_token="r-1", id_token=f"x.{claims}.y")]})
        done = self.az("login", "--use-device-code")
        self.assertEqual((done.returncode, done.stderr), (GOOD, "WARNING: enter the code ABCD\n"))
        self.assertEqual(json.loads(done.stdout)[0]["user"], {"name": "ann@example.org", "type": "user"})
        asked = self.server.asked("POST", "/organizations/oauth2/v2.0/token")
        self.assertEqual(len(asked), 2)
        self.assertIn("device_code=dc", asked[0]["body"])
        self.assertEqual(json.loads(self.profile.read_text())["refreshToken"], "r-1")

    def test_a_server_without_a_control_plane_says_so_and_gives_tokens_to_who_signed_in(self):
        problem = (404, {"type": "about:blank", "status": 404, "detail": "There is no such route. There are: GET /healthz."})
        self.serve({"GET /subscriptions": problem, f"POST {TOKEN}": token(), f"GET /subscriptions/{TENANT}/resourcegroups": problem})
        said = (f"ERROR: {self.server.url} has no control plane, so no subscriptions, groups or resources: a scheduler, pool or app by itself answers "
                "there.\nStart a server that has one with: sallyport dev. Or name one with SALLYPORT_URL.\n"
                "It may give tokens to who signs in with: az login --service-principal.\n")
        for words in (("account", "get-access-token"), ("account", "show"), ("group", "list"), ("login",)):
            self.bad(FAILED, said, *words)
        account = json.loads(self.good("login", "--service-principal", "-u", "c", "-p", "x", "--tenant", TENANT))[0]
        self.assertEqual((account["id"], account["name"], account["isDefault"]), (TENANT, "N/A(tenant level account)", True))
        given = json.loads(self.good("account", "get-access-token", "--resource", "https://durabletask.io"))
        self.assertEqual((given["accessToken"], given["tenant"]), ("tok-1", TENANT))
        self.bad(FAILED, said, "group", "list")
        # What a control plane does not have is told as before.
        self.serve({f"GET {GROUPS}": (404, {"error": {"code": "ResourceNotFound", "message": "not there"}})})
        self.bad(NOT_FOUND, "ERROR: (ResourceNotFound) not there\nCode: ResourceNotFound\nMessage: not there\n", "group", "list")

    def test_a_server_that_asks_nothing_needs_no_sign_in(self):
        self.serve({f"GET {GROUPS}": (200, {"value": []})})
        self.assertEqual(json.loads(self.good("login"))[0]["user"], {"name": "local", "type": "user"})
        self.assertEqual(self.good("account", "show", "--query", "user.name", "-o", "tsv"), "local\n")
        self.good("group", "list")
        # Clients that insist on a token get a word; such a server takes any.
        self.assertEqual(self.good("account", "get-access-token", "--query", "accessToken", "-o", "tsv"), "none-is-needed\n")

    def test_a_profile_that_others_may_read_is_refused(self):
        self.serve({})
        self.profile.parent.mkdir(mode=0o700)
        self.profile.write_text("{}")
        self.profile.chmod(0o644)
        done = self.az("group", "list")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("is not yours alone: chmod 600 it", done.stderr)

    # --- completion ---

    def complete(self, *words):
        """What bash itself offers behind these words."""
        script = ('eval "$(sallyport completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '$(complete -p sallyport | sed "s/.*-F \\([^ ]*\\) .*/\\1/"); printf "%s\\n" "${COMPREPLY[@]}"')
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "sallyport").exists():
            (folder / "sallyport").symlink_to(pathlib.Path(PROGRAM).resolve())
        clean = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nowhere"}
        clean.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", *words], capture_output=True, text=True, env=clean, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (GOOD, ""))
        return done.stdout.split()

    def test_bash_completes_every_command(self):
        self.assertIn("instance", self.complete("sallyport", ""))
        self.assertEqual(self.complete("sallyport", "inst"), ["instance"])
        self.assertIn("history", self.complete("sallyport", "instance", ""))
        self.assertIn("--max-sessions", self.complete("sallyport", "dev", "--max-s"))
        self.assertEqual(self.complete("sallyport", "az", "containerapp", "sess"), ["sessionpool"])
        self.assertEqual(self.complete("sallyport", "az", "group", "list", "-o", "ta"), ["table"])
        self.assertEqual(self.complete("sallyport", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("sallyport", "help", "az", "grou"), ["group"])
        for shell in ("zsh", "fish"):
            done = subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, GOOD)
            self.assertIn("sallyport completion words", done.stdout)
        self.assertEqual(subprocess.run([PROGRAM, "completion", "tcsh"], capture_output=True, timeout=60).returncode, USAGE)

    def test_help_on_every_level(self):
        self.serve({})
        for words in ([], ["group"], ["containerapp", "env"], ["group", "create"]):
            text = self.good(*words, "--help")
            self.assertEqual(text, self.good(*words, "-h"))
            done = subprocess.run([PROGRAM, "help", "az", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (GOOD, text))
        self.assertIn("--location -l", self.good("group", "create", "-h"))
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
