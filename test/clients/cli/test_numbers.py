"""The cases order numbers of an area code of their own each, as a number that was deleted cannot be had again for 7 days.

They give back what they ordered: the inventory holds 25 numbers, as long as the server is told nothing else.
"""
import time
from datetime import datetime, timedelta, timezone

from client import UNKNOWN_ID, UUID, Case, aws, carillon

NOBODYS = "+12065559999"
CAPABILITIES = dict.fromkeys(["InboundCall", "OutboundCall", "InboundSMS", "OutboundSMS", "InboundMMS", "OutboundMMS"], True)


def search(**members):
    return aws("SearchAvailablePhoneNumbers", **members)["E164PhoneNumbers"]


def create_order(product, *numbers):
    return aws("CreatePhoneNumberOrder", ProductType=product, E164PhoneNumbers=numbers)["PhoneNumberOrder"]


def finished(order):
    """Waits for the end of an order, and returns it."""
    while order["Status"] == "Processing":
        time.sleep(0.15)
        order = aws("GetPhoneNumberOrder", PhoneNumberOrderId=order["PhoneNumberOrderId"])["PhoneNumberOrder"]
    return order


def get(number):
    return aws("GetPhoneNumber", PhoneNumberId=number)["PhoneNumber"]


def create_user(email):
    """Makes an account with one user, and returns the ids of both as members of a call."""
    account = aws("CreateAccount", Name="Numbers")["Account"]["AccountId"]
    return {"AccountId": account, "UserId": aws("CreateUser", AccountId=account, Email=email)["User"]["UserId"]}


class Numbers(Case):
    def take(self, area, count=1, product="BusinessCalling"):
        """Orders numbers, gives them back after the case, and returns them."""
        numbers = search(AreaCode=area, MaxResults=count)
        self.assertEqual(finished(create_order(product, *numbers))["Status"], "Successful")
        self.addCleanup(aws, "BatchDeletePhoneNumber", PhoneNumberIds=numbers)
        return numbers

    def check_recent(self, at):
        self.assertLess(abs(datetime.now(timezone.utc) - datetime.fromisoformat(at)), timedelta(minutes=5))

    def check_number_errors(self, answer, *want):
        self.assertEqual([(e["PhoneNumberId"], e["ErrorCode"]) for e in answer["PhoneNumberErrors"]], list(want))
        self.assertTrue(all(e["ErrorMessage"] for e in answer["PhoneNumberErrors"]))

    def test_script(self):
        user = create_user("script.number@example.com")
        [number] = search(State="IL", MaxResults=1)
        self.assertRegex(number, r"^\+1[0-9]{3}55501[0-9]{2}$")
        self.assertEqual(finished(create_order("BusinessCalling", number))["Status"], "Successful")
        self.assertNotIn("PrimaryProvisionedNumber", aws("GetUser", **user)["User"])
        aws("AssociatePhoneNumberWithUser", **user, E164PhoneNumber=number)
        self.assertEqual(aws("GetUser", **user)["User"]["PrimaryProvisionedNumber"], number)  # shows 8
        aws("DisassociatePhoneNumberFromUser", **user)
        self.assertNotIn("PrimaryProvisionedNumber", aws("GetUser", **user)["User"])
        self.assertEqual(get(number)["Associations"], [])
        aws("DeletePhoneNumber", PhoneNumberId=number)
        deleted = get(number)
        self.assertEqual(deleted["Status"], "ReleaseInProgress")
        self.check_recent(deleted["DeletionTimestamp"])
        restored = aws("RestorePhoneNumber", PhoneNumberId=number)["PhoneNumber"]
        self.assertEqual(restored["Status"], "Unassigned")
        self.assertNotIn("DeletionTimestamp", restored)
        self.assertEqual(get(number), restored)
        aws("DeletePhoneNumber", PhoneNumberId=number)
        self.assertNotIn(number, search(State="IL", MaxResults=1))

    def test_search(self):
        self.assertEqual(search(State="WA", City="Seattle", MaxResults=2), ["+12065550100", "+12065550101"])
        self.assertEqual(search(AreaCode="206", Country="US", PhoneNumberType="Local", MaxResults=1), ["+12065550100"])
        self.assertEqual(search(TollFreePrefix="888", MaxResults=1), ["+18885550100"])
        self.assertEqual(search(AreaCode="206", State="IL"), [])

    def test_search_pages(self):
        first = aws("SearchAvailablePhoneNumbers", AreaCode="206", MaxResults=60)
        rest = aws("SearchAvailablePhoneNumbers", AreaCode="206", MaxResults=60, NextToken=first["NextToken"])
        self.assertNotIn("NextToken", rest)
        self.assertEqual(first["E164PhoneNumbers"] + rest["E164PhoneNumbers"], [f"+120655501{n:02}" for n in range(100)])

    def test_search_errors(self):
        self.check_errors("SearchAvailablePhoneNumbers", {"AreaCode": "206"}, {
            "BadRequestException": {"AreaCode": "20"},
        })

    def test_countries(self):
        def countries(product):
            answer = aws("ListSupportedPhoneNumberCountries", ProductType=product)["PhoneNumberCountries"]
            return {c["CountryCode"]: c["SupportedPhoneNumberTypes"] for c in answer}

        self.assertEqual(countries("BusinessCalling"), {"US": ["Local"]})
        self.assertEqual(countries("VoiceConnector"), {"US": ["Local", "TollFree"]})
        self.assertLess({"US", "GB"}, countries("SipMediaApplicationDialIn").keys())

    def test_countries_errors(self):
        self.check_errors("ListSupportedPhoneNumberCountries", {"ProductType": "BusinessCalling"}, {
            "BadRequestException": {"ProductType": "Fax"},
        })

    def test_orders(self):
        [number] = search(AreaCode="312", MaxResults=1)
        order = create_order("VoiceConnector", number, NOBODYS)
        self.addCleanup(aws, "DeletePhoneNumber", PhoneNumberId=number)
        self.assertRegex(order["PhoneNumberOrderId"], UUID)
        self.check_recent(order["CreatedTimestamp"])
        self.assertEqual(order, {
            "PhoneNumberOrderId": order["PhoneNumberOrderId"],
            "ProductType": "VoiceConnector",
            "Status": "Processing",
            "OrderedPhoneNumbers": [{"E164PhoneNumber": n, "Status": "Processing"} for n in (number, NOBODYS)],
            "CreatedTimestamp": order["CreatedTimestamp"],
            "UpdatedTimestamp": order["CreatedTimestamp"],
        })
        self.assertNotIn(number, search(AreaCode="312", MaxResults=1))
        done = finished(order)
        self.assertGreater(done["UpdatedTimestamp"], order["UpdatedTimestamp"])
        self.assertEqual(done, order | {
            "Status": "Partial",
            "OrderedPhoneNumbers": [
                {"E164PhoneNumber": number, "Status": "Acquired"},
                {"E164PhoneNumber": NOBODYS, "Status": "Failed"},
            ],
            "UpdatedTimestamp": done["UpdatedTimestamp"],
        })
        self.assertEqual(finished(create_order("VoiceConnector", number))["Status"], "Failed")

    def test_create_order_errors(self):
        [number] = search(AreaCode="773", MaxResults=1)
        self.addCleanup(aws, "DeletePhoneNumber", PhoneNumberId=number)
        self.check_errors("CreatePhoneNumberOrder", {"ProductType": "BusinessCalling", "E164PhoneNumbers": [number]}, {
            "BadRequestException": {"E164PhoneNumbers": ["+18885550100"]},
            "ResourceLimitExceededException": {"E164PhoneNumbers": search(AreaCode="773", MaxResults=26)},
        })
        while get(number)["Status"] != "Unassigned":
            time.sleep(0.05)

    def test_get_order_errors(self):
        order = finished(create_order("BusinessCalling", NOBODYS))
        self.assertEqual(order["Status"], "Failed")
        self.check_errors("GetPhoneNumberOrder", {"PhoneNumberOrderId": order["PhoneNumberOrderId"]}, {
            "BadRequestException": {"PhoneNumberOrderId": ".."},
            "NotFoundException": {"PhoneNumberOrderId": UNKNOWN_ID},
        })

    def test_list_orders(self):
        made = [finished(create_order("VoiceConnector", NOBODYS)) for _ in range(2)]
        listed, token = [], {}
        while token is not None:
            page = aws("ListPhoneNumberOrders", MaxResults=3, **token)
            self.assertLessEqual(len(page["PhoneNumberOrders"]), 3)
            listed += page["PhoneNumberOrders"]
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        self.assertEqual(listed[-2:], made)

    def test_list_orders_errors(self):
        self.check_errors("ListPhoneNumberOrders", {}, {
            "BadRequestException": {"NextToken": "forged"},
        })

    def test_get_number(self):
        [number] = self.take("630")
        found = get(number)
        self.assertGreater(found["UpdatedTimestamp"], found["CreatedTimestamp"])
        self.assertEqual(found, {
            "PhoneNumberId": number.replace("+", "%2B"),
            "E164PhoneNumber": number,
            "Country": "US",
            "Type": "Local",
            "ProductType": "BusinessCalling",
            "Status": "Unassigned",
            "Capabilities": CAPABILITIES,
            "Associations": [],
            "CallingNameStatus": "Unassigned",
            "CreatedTimestamp": found["CreatedTimestamp"],
            "UpdatedTimestamp": found["UpdatedTimestamp"],
        })

    def test_get_number_errors(self):
        self.check_errors("GetPhoneNumber", {"PhoneNumberId": self.take("847")[0]}, {
            "BadRequestException": {"PhoneNumberId": ".."},
            "NotFoundException": {"PhoneNumberId": NOBODYS},
        })

    def test_forms_of_ids(self):
        numbers = self.take("815", 3)
        ids = [numbers[0], numbers[1].replace("+", "%2B"), numbers[2].replace("+", "%252B")]
        for number, form in zip(numbers, ids):
            with self.subTest(form):
                self.assertEqual(get(form)["E164PhoneNumber"], number)
                aws("UpdatePhoneNumber", PhoneNumberId=form, ProductType="VoiceConnector")
                aws("DeletePhoneNumber", PhoneNumberId=form)
                restored = aws("RestorePhoneNumber", PhoneNumberId=form)["PhoneNumber"]
                self.assertEqual((restored["Status"], restored["ProductType"]), ("Unassigned", "VoiceConnector"))
        items = [{"PhoneNumberId": form, "ProductType": "BusinessCalling"} for form in ids]
        self.check_number_errors(aws("BatchUpdatePhoneNumber", UpdatePhoneNumberRequestItems=items))
        self.assertEqual([get(n)["ProductType"] for n in numbers], ["BusinessCalling"] * 3)
        self.check_number_errors(aws("BatchDeletePhoneNumber", PhoneNumberIds=ids))
        self.assertEqual([get(n)["Status"] for n in numbers], ["ReleaseInProgress"] * 3)

    def test_list_numbers(self):
        def listed(**members):
            return [n["E164PhoneNumber"] for n in aws("ListPhoneNumbers", **members)["PhoneNumbers"]]

        numbers = self.take("217", 3)
        user = create_user("list.numbers@example.com")
        aws("AssociatePhoneNumberWithUser", **user, E164PhoneNumber=numbers[0])
        self.addCleanup(aws, "DisassociatePhoneNumberFromUser", **user)
        aws("UpdatePhoneNumber", PhoneNumberId=numbers[1], ProductType="VoiceConnector")
        self.assertEqual([n for n in listed() if n in numbers], numbers)  # also what was deleted is listed
        self.assertEqual(listed(Status="Assigned"), numbers[:1])
        self.assertEqual(listed(Status="Unassigned"), numbers[1:])
        self.assertEqual(listed(Status="Unassigned", ProductType="VoiceConnector"), [numbers[1]])
        self.assertEqual(listed(FilterName="UserId", FilterValue=user["UserId"]), numbers[:1])
        self.assertEqual(listed(FilterName="AccountId", FilterValue=user["AccountId"], Status="Unassigned"), [])
        page = aws("ListPhoneNumbers", Status="Unassigned", MaxResults=1)
        self.assertEqual([n["E164PhoneNumber"] for n in page["PhoneNumbers"]], [numbers[1]])
        self.assertEqual(listed(Status="Unassigned", MaxResults=1, NextToken=page["NextToken"]), [numbers[2]])

    def test_list_numbers_errors(self):
        self.check_errors("ListPhoneNumbers", {}, {
            "BadRequestException": {"FilterName": "UserId"},
        })

    def test_update_number(self):
        [number] = self.take("618")
        changed = aws("UpdatePhoneNumber", PhoneNumberId=number, ProductType="VoiceConnector")["PhoneNumber"]
        self.assertEqual(changed["ProductType"], "VoiceConnector")
        self.assertEqual(get(number), changed)
        named = aws("UpdatePhoneNumber", PhoneNumberId=number, CallingName="Bell Tower")["PhoneNumber"]
        self.assertEqual(named, changed | {
            "CallingName": "Bell Tower",
            "CallingNameStatus": "UpdateInProgress",
            "UpdatedTimestamp": named["UpdatedTimestamp"],
        })
        self.assertEqual(get(number), named)

    def test_update_number_errors(self):
        number, named = self.take("708", 2)
        aws("UpdatePhoneNumber", PhoneNumberId=named, CallingName="Belfry")
        self.check_errors("UpdatePhoneNumber", {"PhoneNumberId": number, "CallingName": "Bell Tower"}, {
            "BadRequestException": {"ProductType": "VoiceConnector"},  # one of both at a time
            "NotFoundException": {"PhoneNumberId": NOBODYS},
            "ConflictException": {"PhoneNumberId": named},
        })

    def test_batch_update_numbers(self):
        one, two = self.take("309", 2)
        answer = aws("BatchUpdatePhoneNumber", UpdatePhoneNumberRequestItems=[
            {"PhoneNumberId": NOBODYS, "CallingName": "Nobody"},
            {"PhoneNumberId": one, "CallingName": "Bell Tower"},
            {"PhoneNumberId": two, "ProductType": "VoiceConnector"},
        ])
        self.check_number_errors(answer, (NOBODYS, "NotFound"))
        self.assertEqual(get(one)["CallingName"], "Bell Tower")
        self.assertEqual(get(two)["ProductType"], "VoiceConnector")

    def test_batch_update_numbers_errors(self):
        item = {"PhoneNumberId": NOBODYS, "CallingName": "Bell Tower"}
        self.check_errors("BatchUpdatePhoneNumber", {"UpdatePhoneNumberRequestItems": [item]}, {
            "BadRequestException": {"UpdatePhoneNumberRequestItems": [item] * 51},
        })

    def test_batch_delete_numbers(self):
        one, two, three = self.take("425", 3)
        user = create_user("batch.delete.numbers@example.com")
        aws("AssociatePhoneNumberWithUser", **user, E164PhoneNumber=one)
        answer = aws("BatchDeletePhoneNumber", PhoneNumberIds=[one, two, NOBODYS, three, two])
        self.check_number_errors(answer, (one, "PhoneNumberAssociationsExist"), (NOBODYS, "NotFound"))
        aws("DisassociatePhoneNumberFromUser", **user)
        self.assertEqual([get(n)["Status"] for n in (one, two, three)], ["Unassigned", "ReleaseInProgress", "ReleaseInProgress"])

    def test_delete_and_disassociate_errors(self):
        taken, number = self.take("509", 2)
        user, other = (create_user(f"{n}.delete.errors@example.com") for n in ("one", "other"))
        aws("AssociatePhoneNumberWithUser", **user, E164PhoneNumber=taken)
        self.check_errors("DeletePhoneNumber", {"PhoneNumberId": number}, {
            "BadRequestException": {"PhoneNumberId": taken},
            "NotFoundException": {"PhoneNumberId": NOBODYS},
        })
        self.check_errors("BatchDeletePhoneNumber", {"PhoneNumberIds": [number]}, {
            "BadRequestException": {"PhoneNumberIds": [number] * 51},
        })
        self.check_errors("DisassociatePhoneNumberFromUser", user, {
            "BadRequestException": {"UserId": ".."},
            "NotFoundException": other,
        })

    def test_restore_errors(self):
        deleted, kept = self.take("360", 2)
        aws("DeletePhoneNumber", PhoneNumberId=deleted)
        rest = self.take("224", 24)  # with which the inventory is full
        self.check_error("ResourceLimitExceededException", "RestorePhoneNumber", {"PhoneNumberId": deleted})
        aws("BatchDeletePhoneNumber", PhoneNumberIds=rest)
        self.check_errors("RestorePhoneNumber", {"PhoneNumberId": deleted}, {
            "BadRequestException": {"PhoneNumberId": kept},
            "NotFoundException": {"PhoneNumberId": NOBODYS},
        })

    def test_associate(self):
        [number] = self.take("331")
        user = create_user("associate@example.com")
        for _ in range(2):  # the same pair again stays
            aws("AssociatePhoneNumberWithUser", **user, E164PhoneNumber=number)
        self.addCleanup(aws, "DisassociatePhoneNumberFromUser", **user)
        found = get(number)
        self.assertEqual(found["Status"], "Assigned")
        self.assertEqual([(a["Name"], a["Value"]) for a in found["Associations"]], list(user.items()))
        for association in found["Associations"]:
            self.check_recent(association["AssociatedTimestamp"])
        listed = aws("ListUsers", AccountId=user["AccountId"])["Users"]
        self.assertEqual([u["PrimaryProvisionedNumber"] for u in listed], [number])  # shows 8

    def test_associate_errors(self):
        taken, number = self.take("253", 2)
        user, other = (create_user(f"{n}.associate.errors@example.com") for n in ("one", "other"))
        aws("AssociatePhoneNumberWithUser", **other, E164PhoneNumber=taken)
        self.addCleanup(aws, "DisassociatePhoneNumberFromUser", **other)
        self.check_errors("AssociatePhoneNumberWithUser", user | {"E164PhoneNumber": number}, {
            "BadRequestException": {"E164PhoneNumber": taken},
            "NotFoundException": {"E164PhoneNumber": NOBODYS},
        })
        aws("DisassociatePhoneNumberFromUser", **user)

    def test_settings(self):
        aws("UpdatePhoneNumberSettings", CallingName="Carillon")
        settings = aws("GetPhoneNumberSettings")
        self.assertEqual(settings["CallingName"], "Carillon")
        self.check_recent(settings["CallingNameUpdatedTimestamp"])

    def test_settings_errors(self):
        self.check_errors("GetPhoneNumberSettings", {}, {})
        aws("UpdatePhoneNumberSettings", CallingName="Carillon")
        self.check_errors("UpdatePhoneNumberSettings", {"CallingName": "Carillon"}, {
            "BadRequestException": {"CallingName": "Sooner"},  # than 7 days after
        })

    def test_dial_out(self):
        call = self.dial_out("779")
        answer = aws("CreateMeetingDialOut", **call)
        asked = carillon("ListDialOuts", MaxResults=100)["DialOuts"][-1]
        del call["JoinToken"]  # is not kept
        self.assertEqual(asked, call | {
            "TransactionId": answer["TransactionId"],
            "RequestedBy": "arn:aws:iam::210987654321:root",
            "RequestedOn": asked["RequestedOn"],
        })

    def test_dial_out_errors(self):
        self.check_errors("CreateMeetingDialOut", self.dial_out("872"), {
            "BadRequestException": {"ToPhoneNumber": "phone"},
            "ForbiddenException": {"FromPhoneNumber": NOBODYS},
        })

    def dial_out(self, area):
        """Takes a number, and returns the members of a call that a meeting is to make from it."""
        [number] = self.take(area)
        return {"MeetingId": UNKNOWN_ID, "FromPhoneNumber": number, "ToPhoneNumber": NOBODYS, "JoinToken": "token"}

