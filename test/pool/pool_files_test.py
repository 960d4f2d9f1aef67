# SPDX-License-Identifier: MIT
"""Files of a session over HTTP (session-pool-api.md 5.3-5.6, 6.4-6.7; SP-54..SP-68; sandbox.md 3.3), against a real
server process with real sessions."""
import socket
import unittest
import urllib.parse

from pool_case import TIME, PoolTest
from pool_process import V1, V2, V4, fresh


class Files(PoolTest):
    def names(self, identifier=None):
        return [e["properties"]["filename"] for e in self.pool.call("GET", "/files", identifier or self.id, V1).json["value"]]

    def content(self, name, version=V1):
        return self.pool.call("GET", "/files/content/" + name, self.id, version)

    def test_sp54_sp55_sp58_legacy(self):
        self.assertEqual(self.pool.call("GET", "/files", self.id, V1).json["value"], [])
        answer = self.pool.upload(self.id, "/mnt/data/a.txt", b"hello")
        self.assertEqual(answer.status, 200, answer)
        entry = answer.json["value"][0]["properties"]
        self.assertEqual((entry["filename"], entry["size"]), ("a.txt", 5))
        self.assertRegex(entry["lastModifiedTime"], TIME)
        self.assertEqual(self.names(), ["a.txt"])
        self.assertEqual([answer.json["$id"], answer.json["value"][0]["$id"], entry["$id"]], ["1", "2", "3"])

    def test_sp56_form_under_json_type(self):
        answer = self.pool.upload(self.id, "b.bin", b"\r\n--x\0", content_type="application/json")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.content("b.bin").body, b"\r\n--x\0")

    def test_sp57_names(self):
        cases = {b'form-data; name="file"; filename="with space.txt"': "with space.txt",
                 'form-data; name="file"; filename="h\u00e9llo \u4e16.txt"'.encode(): "h\u00e9llo \u4e16.txt",
                 b'form-data; name="file"; filename="quo%22te.txt"': 'quo"te.txt',
                 b"form-data; name=\"file\"; filename=\"x\"; filename*=UTF-8''%e2%82%ac.txt": "\u20ac.txt"}
        for disposition, name in cases.items():
            answer = self.pool.upload(self.id, "", b"1", raw_disposition=disposition)
            self.assertEqual(answer.json["value"][0]["properties"]["filename"], name)
        self.assertEqual(sorted(self.names()), sorted(cases.values()))

    def test_documented_signs_in_names(self):
        names = ["a-b_c d.e", "@$&=;,#%^()", "\u00fc\u4e16.txt"]
        for n, name in enumerate(names):
            self.assertEqual(self.pool.upload(self.id, name, str(n).encode(), "/files", V4, path="/").json["name"], name)
        self.assertEqual(sorted(self.names()), sorted(names))
        for n, name in enumerate(names):
            route = "/files/" + urllib.parse.quote(name, safe="")
            self.assertEqual(self.pool.call("GET", route + "/content", self.id).body, str(n).encode())
            self.assertEqual(self.pool.call("GET", route, self.id).json["name"], name)

    def test_absolute_names(self):
        for name, stored in (("/mnt/data/a/b.txt", "a/b.txt"), ("/c.txt", "c.txt"), ("/etc/passwd", None),
                             ("/mnt/database/d", None), ("/mnt/data/../e", None)):
            for route, version in (("/files/upload", V1), ("/files", V1), ("/files", V4)):
                answer = self.pool.upload(self.id, name, b"1", route, version)
                if stored is None:
                    self.assertError(answer, 400, "FilePathInvalid")
                else:
                    self.assertEqual(answer.status, 200, answer)
        self.assertEqual(sorted(self.names()), ["a/b.txt", "c.txt"])

    def test_several_parts_and_replaced_files(self):
        part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n{}\r\n"
        body = (part.format("one", "1") + part.format("two", "22") + part.format("one", "new") + "--b--\r\n").encode()
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        value = self.pool.call("POST", "/files/upload", self.id, V1, body, kind).json["value"]
        self.assertEqual([(v["properties"]["filename"], v["properties"]["size"]) for v in value],
                         [("one", 1), ("two", 2), ("one", 3)])
        self.assertEqual(self.content("one").body, b"new")
        self.assertEqual(sorted(self.names()), ["one", "two"])

    def test_sp59_nested_download(self):
        data = bytes(range(256)) * 5000
        self.pool.upload(self.id, "sub/dir/x.bin", data)
        for path in ("sub/dir/x.bin", "sub%2Fdir%2Fx.bin", "/mnt/data/sub/dir/x.bin"):
            answer = self.pool.request("GET", f"/files/content/{path}?identifier={self.id}&api-version={V1}")
            self.assertEqual(answer.body, data, path)

    def test_sp60_sp61_sp62_current_upload(self):
        for query, listed in (({}, ""), ({"path": ""}, ""), ({"path": "/"}, ""), ({"path": "/mnt/data"}, ""),
                              ({"path": "sub"}, "sub"), ({"path": "/mnt/data/sub/deep"}, "sub/deep")):
            answer = self.pool.upload(self.id, "data.csv", b"1,2", "/files", V4, **query)
            self.assertEqual(answer.status, 200)
            body = answer.json
            self.assertEqual((body["name"], body["type"], body["sizeInBytes"], body["contentType"]),
                             ("data.csv", "file", 3, "text/csv; charset=utf-8"))
            self.assertRegex(body["lastModifiedAt"], TIME)
            entries = self.pool.call("GET", "/files", self.id, V4, path=listed).json["value"]
            self.assertIn("data.csv", [e["name"] for e in entries])
        self.assertEqual(self.stdout("print(open('/mnt/data/sub/deep/data.csv').read(), end='')"), "1,2")

    def test_sp63_one_file(self):
        self.pool.upload(self.id, "n.txt", b"abc", "/files", V4)
        self.assertEqual(self.pool.call("GET", "/files/n.txt", self.id).json["sizeInBytes"], 3)
        answer = self.pool.call("GET", "/files/n.txt/content", self.id)
        self.assertEqual((answer.body, answer.headers["Content-Type"]), (b"abc", "text/plain; charset=utf-8"))
        self.assertEqual(self.pool.call("DELETE", "/files/n.txt", self.id).status, 204)
        for method, path in (("GET", "/files/n.txt"), ("GET", "/files/n.txt/content"), ("DELETE", "/files/n.txt")):
            self.assertError(self.pool.call(method, path, self.id), 404, "FileNotFound")

    def test_legacy_routes_of_one_file(self):
        """The api-version decides the shape (5.6)."""
        self.pool.upload(self.id, "d/n.txt", b"abc", "/files", V1)
        body = self.pool.call("GET", "/files/d/n.txt", self.id, V1).json
        self.assertEqual((list(body), list(body["value"][0])), (["$id", "value"], ["$id", "properties"]))
        entry = body["value"][0]["properties"]
        self.assertEqual(list(entry), ["$id", "filename", "size", "lastModifiedTime"])
        self.assertEqual((entry["filename"], entry["size"]), ("d/n.txt", 3))
        answer = self.pool.call("DELETE", "/files/d/n.txt", self.id, V1)
        self.assertEqual((answer.status, answer.json), (200, {"message": "file deleted successfully"}))
        self.assertError(self.pool.call("DELETE", "/files/d/n.txt", self.id, V1), 404, "FileNotFound")

    def test_exact_shapes(self):
        self.pool.upload(self.id, "f.csv", b"1", "/files", V4, path="sub")
        file = ["$id", "name", "type", "contentType", "sizeInBytes", "lastModifiedAt"]
        listed = self.pool.call("GET", "/files", self.id, V4, recursive="True").json
        self.assertEqual(list(listed), ["$id", "value"])
        directory, inner = listed["value"]
        self.assertEqual(list(directory), ["$id", "name", "type", "lastModifiedAt", "directory"])
        self.assertEqual(list(inner), file + ["directory"])
        self.assertEqual([directory["$id"], inner["$id"]], ["2", "3"])
        self.assertEqual(list(self.pool.call("GET", "/files/f.csv", self.id, V4, path="/mnt/data/sub").json), file)
        self.assertEqual(list(self.pool.upload(self.id, "g", b"1", "/files", V2).json), file)
        for path in ("none", "sub/none", "sub/f.csv"):
            self.assertError(self.pool.call("GET", "/files", self.id, V4, path=path), 404, "FileNotFound")
        answer = self.pool.call("GET", "/files/sub/f.csv/content", self.id)
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertNotIn("x-ms-session-guid", answer.headers)

    def test_file_called_content(self):
        self.pool.upload(self.id, "content", b"!", "/files", V4)
        self.assertEqual(self.pool.call("GET", "/files/content", self.id).json["name"], "content")
        self.assertEqual(self.pool.call("GET", "/files/content/content", self.id).body, b"!")

    def test_sp64_recursive(self):
        self.value("import os; os.makedirs('/mnt/data/level1/level2'); open('/mnt/data/level1/level2/f', 'w').close()")
        entries = self.pool.call("GET", "/files", self.id, recursive="true").json["value"]
        found = {(e["directory"], e["name"], e["type"]) for e in entries}
        self.assertEqual(found, {("", "level1", "directory"), ("level1", "level2", "directory"),
                                 ("level1/level2", "f", "file")})
        flat = self.pool.call("GET", "/files", self.id).json["value"]
        self.assertEqual([(e["name"], "sizeInBytes" in e) for e in flat], [("level1", False)])
        self.assertEqual(self.names(), ["level1/level2/f"])

    def test_sp65_both_ways(self):
        self.pool.upload(self.id, "in.txt", b"from outside")
        self.assertEqual(self.stdout("print(open('/mnt/data/in.txt').read())"), "from outside\n")
        self.value("open('/mnt/data/in.txt', 'a').write('!'); open('/mnt/data/out.txt', 'w').write('from inside')")
        self.assertEqual(self.content("out.txt").body, b"from inside")
        self.assertEqual(self.content("in.txt").body, b"from outside!")

    def test_sp66_hostile_names(self):
        self.value("import os\nos.symlink('/etc/passwd', '/mnt/data/link')\nos.symlink('..', '/mnt/data/up')\n"
                   "os.mkfifo('/mnt/data/fifo')\nopen('/mnt/data/one', 'w').write('1')\nos.link('/mnt/data/one', '/mnt/data/two')\n"
                   "os.mkdir('/mnt/data/dir')")
        for name in ("../x", "..%2fx", "%2e%2e%2fx", "..%2f..%2fetc%2fpasswd", "a%00b", "line%0abreak", "a/../../b", "link", "up/etc",
                     "fifo", "two", "%c0%ae%c0%ae/x", "x" * 256, "/etc/passwd", "dir", "a/" * 40 + "b", "y/" * 2100):
            for path in (f"/files/content/{name}", f"/files/{name}/content", f"/files/{name}"):
                answer = self.pool.request("GET", f"{path}?identifier={self.id}&api-version={V4}")
                if not (path == f"/files/{name}" and name == "dir"):
                    self.assertIn(answer.status, (400, 404, 409, 414), f"{path}: {answer}")
                self.assertNotIn(b"root:", answer.body)
        for name in ("../up.txt", "..", ".", "a\0b", "/", "", "x" * 256, "link/x", "up/x", "dir", "one/x", "cr\rlf"):
            answer = self.pool.upload(self.id, name, b"1")
            self.assertIn(answer.status, (400, 404, 409), f"{name!r}: {answer}")
        for name in ("link", "fifo", "two"):  # replaced, not followed
            self.assertEqual(self.pool.upload(self.id, name, b"new").status, 200)
        self.assertEqual(self.content("link").body, b"new")
        self.assertEqual(self.content("one").body, b"1")
        self.assertEqual(self.pool.upload(self.id, "-rf \u202e.txt", b"1").status, 200)
        self.assertEqual(self.pool.upload(self.id, "x" * 255, b"1").status, 200)

    def test_sp68_apart(self):
        other = fresh()
        self.pool.upload(self.id, "mine.txt", b"1")
        self.assertEqual(self.names(other), [])
        self.assertError(self.pool.call("GET", "/files/mine.txt/content", other), 404)
        self.pool.call("DELETE", "/session", other)

    def test_special_files_are_not_listed(self):
        self.value("import os\nos.mkfifo('/mnt/data/fifo'); os.symlink('/', '/mnt/data/root')\nopen('/mnt/data/real','w').close()")
        self.assertEqual(self.names(), ["real"])

    def test_what_is_listed_can_be_read(self):
        self.value("import os\nfor name in (b'\\xff.txt', b'line\\nbreak', b'\\x7f', b'good \\xc3\\xa9.txt'):\n"
                   "    with open(b'/mnt/data/' + name, 'w') as f: n = f.write('1')\n"
                   "os.mkdir(b'/mnt/data/\\xfe'); open(b'/mnt/data/\\xfe/inside', 'w').close()\n"
                   "open('/mnt/data/one', 'w').close(); os.link('/mnt/data/one', '/mnt/data/two')")
        self.assertEqual(self.names(), ["good é.txt"])
        self.assertEqual(self.content("good%20%C3%A9.txt").body, b"1")
        self.value("os.unlink('/mnt/data/two')")
        self.assertEqual(sorted(self.names()), ["good é.txt", "one"])

    def test_many_files_are_listed_in_bounds(self):
        self.value("for n in range(10000): open(f'/mnt/data/{n}', 'w').close()")
        listed = self.pool.call("GET", "/files", self.id).json
        self.assertEqual(len(listed["value"]), 10000)
        self.assertNotIn("truncated", listed)

    def test_sparse_and_unreadable_files(self):
        self.value("import os\nos.truncate(os.open('/mnt/data/sparse', os.O_CREAT | os.O_WRONLY), 200 << 20)\n"
                   "open('/mnt/data/shut', 'w').close(); os.chmod('/mnt/data/shut', 0)")
        connection = socket.create_connection(("127.0.0.1", self.pool.port))  # a reader that takes a little and leaves
        connection.sendall(f"GET /files/sparse/content?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200"))
        connection.close()
        self.assertIn(self.pool.call("GET", "/files/shut/content", self.id).status, (200, 403))
        self.assertEqual(self.value("5"), 5)

    def test_a_file_that_changes_is_not_taken_for_whole(self):
        self.value("import threading, time\nf = open('/mnt/data/big', 'wb'); f.write(b'x' * (64 << 20)); f.flush()\n"
                   "def churn():\n  for n in range(3000):\n    f.truncate((32 << 20) + n); time.sleep(0.001)\n"
                   "threading.Thread(target=churn, daemon=True).start()")
        with self.assertRaises(Exception):
            answer = self.pool.call("GET", "/files/big/content", self.id)
            self.assertEqual(answer.status, 200)

    def test_download_survives_the_end_of_its_session_or_breaks(self):
        self.value("open('/mnt/data/big', 'wb').write(b'z' * (64 << 20))")
        connection = socket.create_connection(("127.0.0.1", self.pool.port))
        connection.sendall(f"GET /files/big/content?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.recv(1000)
        self.assertEqual(self.pool.call("DELETE", "/session", self.id).status, 204)
        total = 0
        while data := connection.recv(1 << 20):
            total += len(data)
        self.assertLess(total, 66 << 20)
        connection.close()

    def test_storage_full(self):
        answer = self.pool.run(self.id, "f = open('/mnt/data/fill', 'wb')\ntry:\n  while True: f.write(b'x' * (1 << 20))\nexcept OSError as e: print(e.errno)")
        if answer.json["status"] == "Succeeded":  # else the memory limit was nearer
            self.assertIn(self.pool.upload(self.id, "more", b"y" * (1 << 20)).status, (507,))


class UploadLimit(PoolTest):
    settings = {"upload_max": 3 << 20, "ready": 1}

    def test_sp67_too_large(self):
        self.assertEqual(self.pool.upload(self.id, "fits", b"x" * (3 << 20)).status, 200)
        answer = self.pool.upload(self.id, "one-more", b"x" * ((3 << 20) + 1))
        self.assertError(answer, 413)
        self.assertIn("3145728 bytes (setting upload-size-max)", answer.json["error"]["message"])
        try:
            answer = self.pool.upload(self.id, "far-more", b"x" * (12 << 20))
            self.assertError(answer, 413, "RequestTooLarge")
            self.assertIn("3145728 bytes that an upload may have (setting upload-size-max)", answer.json["error"]["message"])
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the body was sent
        listed = self.pool.call("GET", "/files", self.id).json["value"]
        self.assertEqual([f["name"] for f in listed], ["fits"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
