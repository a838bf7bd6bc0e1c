import json
from urllib.parse import quote

import wit_world
from componentize_py_types import Err
from wit_world.imports import delivery, http, manifest


def failure(kind, message):
    return Err(delivery.Failure(kind, message, delivery.RetryWish_Default(), [], None, None, [], []))


class WitWorld(wit_world.WitWorld):
    def describe(self):
        shop = manifest.Endpoint(
            name="shop", purpose="The shop's interface", example="https://shop.example/api", base=manifest.Base_Any(), required=True,
            methods=[http.Method_Post()], path_prefixes=["/orders"], request_headers=["content-type"], request_types=["application/json"],
            response_headers=[], response_types=["application/json"], extra=[],
        )
        token = manifest.Slot(
            name="token", purpose="The shop's token", kind=manifest.SlotKind_Bearer(), required=True, alternative=None, endpoints=["shop"],
            fields=[manifest.SlotField("token", "The token", secret=True, required=True)], hashed=False, extra=[],
        )
        return manifest.Manifest(
            name="example-py", version="1.0.0", cart="Example", summary="Posts the status of an order as JSON.",
            about=manifest.About("Example", None, None, None), endpoints=[shop], slots=[token], settings=[],
            statuses=manifest.Statuses_FreeText(), features=manifest.Features(0), carriers=manifest.Carriers_Any(), personal_fields=[],
            pace=manifest.Pace(None, None, None, None), requires=[], extra=[],
        )

    def list_choices(self, of, context):
        return []

    def check(self, order, context):
        return delivery.Report([], None)

    def send_order_status(self, update, told, context):
        json_type = http.Header("content-type", [http.Part_Text("application/json")])
        body = [http.Part_Text(json.dumps({"status": update.status}))]
        path = "/orders/" + quote(update.order_number, safe="")
        try:
            response = http.send(
                http.Request("shop", http.Method_Post(), http.Effect.WRITES, path, [], [json_type], body, ["token"], False, [])
            )
        except Err as error:
            raise failure(delivery.FailureKind.UNAVAILABLE, error.value.message)
        if response.status == 200:
            return delivery.Applied(delivery.AppliedOutcome.DONE, None, None, [], [], None, [])
        if response.status == 404:
            raise failure(delivery.FailureKind.ORDER_NOT_FOUND, "the shop has no such order")
        raise failure(delivery.FailureKind.UNAVAILABLE, f"the shop answered {response.status}")
