#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packages in a session without a network: an uploaded wheel is installed and found, an index is told to be absent.

    POOL_HOST=… POOL_ZYGOTE=… packages_test.py
"""
import io
import os
import sys
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Pool, Session  # noqa: E402

WHEEL = "sallyport_greeting-1.0-py3-none-any.whl"
INFO = "sallyport_greeting-1.0.dist-info"


def wheel(text):
    """The least wheel that pip takes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as z:
        z.writestr("sallyport_greeting.py", f"TEXT = {text!r}\n")
        z.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: sallyport-greeting\nVersion: 1.0\n")
        z.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{INFO}/RECORD", f"sallyport_greeting.py,,\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n")
    return data.getvalue()


class PackagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = Pool(max=20, ready=2)

    @classmethod
    def tearDownClass(cls):
        cls.pool.close()

    def test_an_uploaded_wheel_is_installed_by_each_spelling(self):
        path = f"/mnt/data/{WHEEL}"
        spellings = (f"%pip install {path}", f"pip install {path}", f"!pip install {path}",
                     f"import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', '{path}'], check=True)")
        for code in spellings:
            with self.subTest(code), Session(self.pool) as session:
                self.assertEqual(session.run("try:\n    import sallyport_greeting\nexcept ImportError:\n    print('absent')")["stdout"], "absent\n")
                self.assertEqual(self.pool.upload(session.id, WHEEL, wheel("hello")).status, 200)
                installed = session.run(code)
                self.assertEqual(installed["error"], "", installed)
                seen = session.run("import sallyport_greeting\nsallyport_greeting.TEXT")
                self.assertEqual(seen["value"], "'hello'", (installed, seen))
                self.assertEqual(session.run("!python3 -c 'import sallyport_greeting as g; print(g.TEXT)'")["stdout"], "hello\n")

    def test_a_package_stays_in_its_session(self):
        with Session(self.pool) as session, Session(self.pool) as other:
            self.pool.upload(session.id, WHEEL, wheel("mine"))
            session.run(f"%pip install /mnt/data/{WHEEL}")
            self.assertEqual(other.run("import sallyport_greeting")["error"], "ModuleNotFoundError")

    def test_an_index_is_told_to_be_absent_at_once(self):
        with Session(self.pool) as session:
            seen = session.run("%pip install no-such-package")
            self.assertIn("Hint: Sessions have no network", seen["stderr"], seen)

    def test_python_is_a_command(self):
        with Session(self.pool) as session:
            self.assertRegex(session.run("!python --version")["stdout"], r"^Python 3\.\d+")


if __name__ == "__main__":
    unittest.main(verbosity=2)
