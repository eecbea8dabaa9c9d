# SPDX-License-Identifier: Apache-2.0
"""Required fields of proto2: asked for in the whole of a request, whichever of
path, query and body gives them."""

import concurrent.futures
import os
import tempfile

import grpc
from google.protobuf import descriptor_pb2

import harness
from harness import Gateway

ROUTES = """\
listen: ["127.0.0.1:0"]
upstreams: {old: {target: "127.0.0.1:%d", schema: old.pb}}
services: [{name: old.Old}]
http:
  rules:
    - selector: old.Old.Echo
      post: /all/{id}
      body: "*"
      additional_bindings:
        - {get: "/none"}
        - {get: "/none/{id}"}
        - {post: "/part/{id}", body: inner}
        - {post: "/deep/{inner.id}", body: "*"}
"""


def schema():
    """old.Q { required id, optional n, optional old.Q inner }, echoed."""
    files = descriptor_pb2.FileDescriptorSet()
    file = files.file.add(name="old.proto", package="old", syntax="proto2")
    message = file.message_type.add(name="Q")
    for number, (name, label, kind) in enumerate((
            ("id", "LABEL_REQUIRED", "TYPE_STRING"),
            ("n", "LABEL_OPTIONAL", "TYPE_INT32"),
            ("inner", "LABEL_OPTIONAL", "TYPE_MESSAGE")), 1):
        message.field.add(
            name=name, number=number,
            label=getattr(descriptor_pb2.FieldDescriptorProto, label),
            type=getattr(descriptor_pb2.FieldDescriptorProto, kind),
            type_name=".old.Q" if kind == "TYPE_MESSAGE" else None)
    file.service.add(name="Old").method.add(
        name="Echo", input_type=".old.Q", output_type=".old.Q")
    return files.SerializeToString()


class Required(harness.Scenario):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        cls.calls = 0
        cls.server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler("old.Old", {
                "Echo": grpc.unary_unary_rpc_method_handler(cls.echo)}),))
        port = cls.server.add_insecure_port("127.0.0.1:0")
        cls.server.start()
        with open(os.path.join(cls.directory.name, "old.pb"), "wb") as f:
            f.write(schema())
        path = os.path.join(cls.directory.name, "sluice.yaml")
        with open(path, "w") as f:
            f.write(ROUTES % port)
        cls.gateway = Gateway("serve", "-c", path)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop(0)
        status = cls.gateway.stop()
        cls.directory.cleanup()
        if status != 0:
            raise AssertionError("exit status %s" % status)

    @classmethod
    def echo(cls, request, context):
        cls.calls += 1
        return request

    def test_what_the_path_or_the_query_gives_is_not_missing(self):
        for method, target, body, answer in (
                ("POST", "/all/a", {"n": 1}, {"id": "a", "n": 1}),
                ("POST", "/all/a", {}, {"id": "a"}),
                ("POST", "/all/a", None, {"id": "a"}),
                ("POST", "/all/a", {"id": None}, {"id": "a"}),
                ("GET", "/none/a", None, {"id": "a"}),
                ("GET", "/none?id=a", None, {"id": "a"}),
                ("POST", "/part/a", {"id": "b"},
                 {"id": "a", "inner": {"id": "b"}}),
                ("POST", "/deep/b", {"id": "a", "inner": {"n": 2}},
                 {"id": "a", "inner": {"id": "b", "n": 2}}),
                ("POST", "/old.Old/Echo", {"id": ""}, {"id": ""})):
            with self.subTest(target, body=body):
                response = self.ask(method, target, body)
                self.assertEqual(response.status, 200, response)
                self.assertEqual(response.json(), answer)

    def test_what_nobody_gives_is_400_and_named(self):
        before = self.calls
        for method, target, body, field in (
                ("GET", "/none", None, "id"), ("GET", "/none?n=1", None, "id"),
                ("POST", "/old.Old/Echo", None, "id"),
                ("POST", "/old.Old/Echo", {}, "id"),
                ("POST", "/old.Old/Echo", {"id": None}, "id"),
                ("POST", "/all/a", {"inner": {}}, "id"),
                ("POST", "/part/a", {"n": 1}, "id"),
                ("POST", "/part/a", None, "id"),
                ("POST", "/deep/b", {"n": 1}, "id")):
            with self.subTest(target, body=body):
                error = self.assert_error(
                    self.ask(method, target, body), 400, 3)
                self.assertIn("required", error["message"])
                self.assertIn(field, error["message"])
        self.assertEqual(self.calls, before)


if __name__ == "__main__":
    harness.main()
