"""The cases that break naive matching, each with the outcome it must have."""

from __future__ import annotations

from datetime import datetime

from stdnum.br import cnpj, cpf


def cpf_of(number: int) -> str:
    base = f"{number:09d}"
    return base + cpf._calc_check_digits(base)


def cnpj_of(number: int, branch: int = 1) -> str:
    base = f"{number:08d}{branch:04d}"
    return base + cnpj.calc_check_digits(base)


NAMES = [
    "Ana Lima",
    "Bruno Souza",
    "Carla Dias",
    "Davi Rocha",
    "Elisa Melo",
    "Fabio Reis",
    "Gilda Pires",
    "Heitor Cruz",
    "Iara Nunes",
    "Jonas Prado",
]


def test_store_email_and_phone_join_nobody(lake):
    lake.customers(
        *({"id": f"{i}", "person_name": name, "email": "vendas@loja.com.br", "phone": "(11) 3003-4000", "document_number": cpf_of(1000 + i)}
          for i, name in enumerate(NAMES)),
        {"id": "nameless", "email": "vendas@loja.com.br"},
    )  # fmt: skip
    lake.resolve()
    customers = {lake.customer_of(str(i)) for i in range(len(NAMES))}
    assert len(customers) == len(NAMES) and None not in customers
    blocked = lake.table(
        "guard_decisions",
        "select identifier_kind, distinct_name_count, limit_count from t where decision = 'blocked' and identifier_kind <> 'local_number' order by 1",
    )
    assert blocked == [("email", 10, 4), ("phone", 10, 5)]


def test_store_phone_without_any_name_joins_nobody(lake):
    lake.sales(*({"id": f"r{i}", "phone": "(11) 3003-4000", "document_number": cpf_of(2000 + i)} for i in range(8)))
    lake.resolve()
    assert len({lake.customer_of(f"r{i}", "pos") for i in range(8)}) == 8


def test_store_phone_on_a_nameless_mailing_list_joins_nobody(lake):
    lake.sales(*({"id": f"r{i}", "phone": "(11) 3003-4000", "email": f"pessoa{i}@uol.com.br"} for i in range(15)))
    lake.resolve()
    assert len({lake.customer_of(f"r{i}", "pos") for i in range(15)}) == 15


def test_cashiers_document_typed_for_others_is_blocked(lake):
    lake.customers(
        {"id": "cashier", "person_name": "Rita Prado", "document_number": cpf_of(1), "email": "rita@uol.com.br"}
    )
    lake.sales(
        *(
            {"id": f"r{i}", "person_name": name, "document_number": cpf_of(1), "email": f"c{i}@uol.com.br"}
            for i, name in enumerate(NAMES)
        )
    )
    lake.resolve()
    customers = [lake.customer_of("cashier"), *(lake.customer_of(f"r{i}", "pos") for i in range(len(NAMES)))]
    assert len(set(customers)) == len(NAMES) + 1
    sources = lake.table("customer_crosswalk", "select distinct customer_id_source from t")
    assert sources == [("email",)]


def test_nameless_receipt_with_a_shared_document_follows_nobody_of_them(lake):
    """Two people under one document: a receipt with the document alone is neither's."""
    lake.customers(
        {"id": "a", "person_name": "Rita Prado", "document_number": cpf_of(1)},
        {"id": "b", "person_name": "Otto Weber", "document_number": cpf_of(1)},
    )
    lake.sales({"id": "r", "document_number": cpf_of(1)})
    lake.resolve()
    assert lake.customer_of("a") != lake.customer_of("b")
    assert lake.customer_of("r", "pos") not in (lake.customer_of("a"), lake.customer_of("b"))


def test_recycled_phone_does_not_join_old_and_new_owner(lake):
    lake.customers(
        {"id": "old", "person_name": "Ana Lima", "phone": "11981234567", "document_number": cpf_of(10)},
        {"id": "new", "person_name": "Otto Weber", "phone": "11981234567", "document_number": cpf_of(11)},
        {"id": "ana", "person_name": "Ana Souza Lima", "phone": "(11) 8123-4567"},
    )
    lake.resolve()
    assert lake.customer_of("old") == lake.customer_of("ana") != lake.customer_of("new")


def test_twins_at_one_address_with_one_birthday_stay_two(lake):
    shared = {
        "birth_date": "1990-05-17",
        "postal_code": "01310-100",
        "street_number": "10",
        "email": "familia.lima@gmail.com",
        "phone": "1132654321",
    }
    lake.customers(
        {"id": "1", "person_name": "Carla Souza Lima", **shared},
        {"id": "2", "person_name": "Marcos Souza Lima", **shared},
        {"id": "3", "person_name": "Ana Clara Souza Lima", **shared | {"email": None, "phone": None}},
        {
            "id": "4",
            "person_name": "Ana Beatriz Souza Lima",
            **shared | {"email": None, "phone": None, "street_number": "11"},
        },
    )
    lake.resolve()
    assert len({lake.customer_of(i) for i in "1234"}) == 4


def test_father_and_son_of_one_name_stay_two(lake):
    home = {"postal_code": "01310-100", "street_number": "10", "phone": "(11) 3265-4321"}
    lake.customers(
        {
            "id": "father",
            "person_name": "José Souza Lima",
            "birth_date": "1950-02-03",
            "document_number": cpf_of(20),
            **home,
        },
        {
            "id": "son",
            "person_name": "José Souza Lima Filho",
            "birth_date": "1980-07-09",
            "document_number": cpf_of(21),
            **home,
        },
        {"id": "son2", "person_name": "JOSE SOUZA LIMA FILHO", "birth_date": "1980-07-09", **home},
        {"id": "unknown", "person_name": "José Lima", **home},
    )
    lake.resolve()
    assert lake.customer_of("father") != lake.customer_of("son") == lake.customer_of("son2")
    assert lake.customer_of("unknown") == lake.customer_of("father")


def test_shared_family_email_is_no_merge_and_nameless_rows_follow_nobody(lake):
    lake.customers(
        {"id": "1", "person_name": "Carla Lima", "email": "familia.lima@gmail.com"},
        {"id": "2", "person_name": "Marcos Lima", "email": "familialima@gmail.com"},
    )
    lake.sales({"id": "r", "email": "familia.lima@gmail.com"})
    result = lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert lake.customer_of("r", "pos") is None
    assert result.metrics["guards_ambiguous"] == 1


def test_nameless_row_with_the_email_of_one_and_the_phone_of_another_joins_them_not(lake):
    lake.customers(
        {"id": "1", "person_name": "Carla Lima", "email": "carla@uol.com.br"},
        {"id": "2", "person_name": "Otto Weber", "phone": "11981234567"},
    )
    lake.sales({"id": "r", "email": "carla@uol.com.br", "phone": "11981234567"})
    result = lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert lake.customer_of("r", "pos") == lake.customer_of("1")  # the stronger evidence
    assert result.metrics["components_cut_by_name"] == 1


def test_placeholder_documents_identify_nobody(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "document_number": "111.111.111-11"},
        {"id": "2", "person_name": "Ana Lima", "document_number": "11111111111"},
    )
    lake.sales(
        {
            "id": "r",
            "person_name": "CONSUMIDOR FINAL",
            "document_number": "00000000000",
            "email": "naotem@naotem.com",
            "phone": "11999999999",
        }
    )
    lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert lake.customer_of("r", "pos") is None
    reasons = lake.table(
        "customer_identifiers", "select distinct identifier_kind, block_reason from t where is_blocked order by 1"
    )
    assert ("document", "pattern") in reasons and ("email", "pattern") in reasons


def test_two_people_who_swapped_phones_stay_two(lake):
    lake.customers(
        {"id": "1", "person_name": "Carla Lima", "phone": "11981111111", "document_number": cpf_of(30)},
        {"id": "2", "person_name": "Otto Weber", "phone": "11982222223", "document_number": cpf_of(31)},
        {"id": "3", "person_name": "Carla Lima", "phone": "11982222223", "document_number": cpf_of(30)},
        {"id": "4", "person_name": "Otto Weber", "phone": "11981111111", "document_number": cpf_of(31)},
    )
    lake.resolve()
    assert lake.customer_of("1") == lake.customer_of("3") != lake.customer_of("2") == lake.customer_of("4")


def test_conflicting_valid_documents_never_end_in_one_customer(lake):
    """The same name, e-mail and phone do not outweigh two valid documents, also through a third record."""
    shared = {"person_name": "Ana Lima", "email": "ana@uol.com.br", "phone": "11981234567"}
    lake.customers(
        {"id": "1", "document_number": cpf_of(40), **shared},
        {"id": "2", "document_number": cpf_of(41), **shared},
        {"id": "3", **shared},
    )
    result = lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert lake.customer_of("3") in (lake.customer_of("1"), lake.customer_of("2"))
    assert result.metrics["customers_with_two_documents"] == 0
    assert result.metrics["components_cut_by_document"] == 1


def test_person_and_company_documents_never_make_one_customer(lake):
    shared = {"person_name": "Ana Lima", "email": "ana@uol.com.br"}
    lake.customers(
        {"id": "1", "document_number": cpf_of(40), **shared}, {"id": "2", "document_number": cnpj_of(40), **shared}
    )
    lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")


def test_a_chain_stops_at_the_size_cap(lake):
    (lake.ws.root / "identity.yml").write_text("max_cluster_profiles: 20\n")
    lake.customers(
        *({"id": str(i), "person_name": "Ana Lima", "email": f"ana{i}@uol.com.br", "email_secondary": f"ana{i + 1}@uol.com.br"} for i in range(60))
    )  # fmt: skip
    result = lake.resolve()
    assert result.metrics["components_cut_by_size"] == 1
    assert result.metrics["largest_component_profiles"] == 60
    assert result.metrics["largest_customer_profiles"] <= 20
    assert len({lake.customer_of(str(i)) for i in range(60)}) >= 3


def test_mistyped_document_finds_its_owner_only_with_the_same_given_name(lake):
    number = cpf_of(523456789)
    wrong = number[:4] + str((int(number[4]) + 1) % 10) + number[5:]
    swapped = number[:6] + number[7] + number[6] + number[8:]
    lake.customers(
        {"id": "right", "person_name": "Ana Souza", "document_number": number},
        {"id": "typo", "person_name": "Ana Lima", "document_number": wrong},
        {"id": "swapped", "person_name": "Ana", "document_number": swapped},
        {"id": "lost", "person_name": "Ana", "document_number": number[:7] + number[8:]},
        {"id": "other", "person_name": "Otto Lima", "document_number": wrong},
    )
    lake.resolve()
    assert {lake.customer_of(i) for i in ("typo", "swapped", "lost")} == {lake.customer_of("right")}
    assert lake.customer_of("other") != lake.customer_of("right")


def test_device_follows_its_only_user_and_a_shared_one_nobody(lake):
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(50)},
        {"id": "2", "person_name": "Otto Weber", "document_number": cpf_of(51)},
    )
    login = {
        "source_system": "web",
        "customer_ref_system": "crm",
        "event_type": "login",
        "occurred_at": datetime(2025, 7, 1),
    }
    view = {"source_system": "web", "event_type": "page_view", "occurred_at": datetime(2025, 7, 1)}
    lake.write("ecommerce_events", [
        login | {"source_event_id": "1", "customer_ref_id": "1", "device_id": "own"},
        view | {"source_event_id": "2", "device_id": "own"},
        login | {"source_event_id": "3", "customer_ref_id": "1", "device_id": "shared"},
        login | {"source_event_id": "4", "customer_ref_id": "2", "device_id": "shared"},
        view | {"source_event_id": "5", "device_id": "shared"},
        view | {"source_event_id": "6", "device_id": "unseen"},
    ])  # fmt: skip
    lake.resolve()
    assert lake.customer_of_row("ecommerce_events", "source_event_id", "1") == lake.customer_of("1")
    assert lake.customer_of_row("ecommerce_events", "source_event_id", "2") == lake.customer_of("1")
    assert lake.customer_of_row("ecommerce_events", "source_event_id", "4") == lake.customer_of("2")
    assert lake.customer_of_row("ecommerce_events", "source_event_id", "5") is None
    assert lake.customer_of_row("ecommerce_events", "source_event_id", "6") is None


def test_reference_joins_its_registration_unless_the_name_is_another(lake):
    lake.customers({"id": "1", "person_name": "Ana Lima", "document_number": cpf_of(60)})
    lake.sales(
        {
            "id": "same",
            "customer_ref_system": "crm",
            "customer_ref_id": "1",
            "person_name": "ANA LIMA",
            "phone": "11981234567",
        },
        {"id": "bare", "customer_ref_system": "crm", "customer_ref_id": "1"},
        {
            "id": "other",
            "customer_ref_system": "crm",
            "customer_ref_id": "1",
            "person_name": "Otto Weber",
            "document_number": cpf_of(61),
        },
        {"id": "unregistered", "customer_ref_system": "club", "customer_ref_id": "9"},
    )
    lake.resolve()
    assert lake.customer_of("same", "pos") == lake.customer_of("bare", "pos") == lake.customer_of("1")
    assert lake.customer_of("other", "pos") not in (None, lake.customer_of("1"))
    assert lake.customer_of("unregistered", "pos") is not None


def test_branches_share_a_company_and_free_mail_infers_none(lake):
    base = {"source_system": "crm", "updated_at": datetime(2025, 1, 1)}
    lake.write("crm_companies", [
        base | {"source_company_id": "1", "document_number": cnpj_of(77, 1), "email_domain": "flores.com.br"},
        base | {"source_company_id": "2", "document_number": cnpj_of(77, 2)},
        base | {"source_company_id": "3", "email_domain": "flores.com.br"},
        base | {"source_company_id": "4", "email_domain": "gmail.com"},
        base | {"source_company_id": "5", "email_domain": "gmail.com"},
    ])  # fmt: skip
    lake.resolve()
    rows = {
        row[0]: row[1:]
        for row in lake.table("company_crosswalk", "select source_company_id, company_id, company_id_source from t")
    }
    assert rows["1"][0] == rows["2"][0] == rows["3"][0]
    assert rows["3"][1] == "email_domain"
    assert len({rows[i][0] for i in "145"}) == 3
    domains = dict(lake.table("company_crosswalk", "select source_company_id, mail_domain from t"))
    assert domains == {"1": "flores.com.br", "2": None, "3": "flores.com.br", "4": None, "5": None}


def test_households_relate_and_never_merge(lake):
    home = {"postal_code": "01310-100", "street_number": "10", "address_complement": "Apto 12"}
    lake.customers(
        {"id": "1", "person_name": "Carla Lima", "document_number": cpf_of(70), **home},
        {
            "id": "2",
            "person_name": "Marcos Lima",
            "document_number": cpf_of(71),
            **home | {"address_complement": "ap 12"},
        },
        {
            "id": "3",
            "person_name": "Otto Weber",
            "document_number": cpf_of(72),
            **home | {"address_complement": "Apto 31"},
        },
    )
    lake.resolve()
    household = dict(lake.table("household_members", "select customer_id, household_id from t"))
    one, two, three = (household[lake.customer_of(i)] for i in "123")
    assert one == two != three
    assert len({lake.customer_of(i) for i in "123"}) == 3


def test_a_person_can_allow_and_block_values(lake):
    (lake.ws.root / "identity.yml").write_text(
        "overrides:\n  - {identifier: email, value: ana@uol.com.br, decision: block, reason: shared desk, by: rita}\n"
    )
    lake.customers(
        {"id": "1", "person_name": "Ana Lima", "email": "ana@uol.com.br", "document_number": cpf_of(80)},
        {"id": "2", "person_name": "Ana Lima", "email": "ana@uol.com.br", "phone": "11981234567"},
    )
    lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert lake.table("guard_decisions", "select reason from t where decision = 'blocked'") == [
        ("override: shared desk (rita)",)
    ]


def test_a_chain_that_would_join_thousands_ends_at_the_cap_and_is_listed_for_review(lake):
    lake.customers(
        *({"id": str(i), "person_name": "Ana Lima", "email": f"ana{i}@uol.com.br", "email_secondary": f"ana{i + 1}@uol.com.br"} for i in range(3000))
    )  # fmt: skip
    result = lake.resolve()
    assert result.metrics["largest_component_profiles"] == 3000
    assert result.metrics["largest_customer_profiles"] <= 100
    assert result.metrics["components_cut_by_size"] == 1
    assert result.metrics["edges_refused"] >= 29
    assert lake.table("review_queue", "select count(*) > 0 from t where contains(reasons, 'component_cut')") == [
        (True,)
    ]


def test_a_rare_name_joins_nobody_where_few_records_tell_what_is_rare(lake):
    lake.customers(
        {"id": "1", "person_name": "Zbigniew Przybylski", "email": "a@uol.com.br"},
        {"id": "2", "person_name": "Zbigniew Przybylski", "email": "b@uol.com.br"},
    )
    lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
