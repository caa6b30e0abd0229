//! Forms, carts, coupons, payments, games.

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "messaging_feedback",
        &[event(
            "messaging messaging_feedback 106540001112223 7104000555666777 1763990000123 -",
            |event| {
                let [screen] = all(&kind!(event, Feedback).screens);
                screen.screen_id.is(Some(0));
                let questions = of(&screen.questions);
                let taste = questions.get("q_taste").unwrap();
                taste.kind.is("csat");
                taste.payload.is("5");
                of(&taste.follow_up).kind.is("free_form");
                of(&taste.follow_up).payload.is("Very good!");
                let words = questions.get("q_words").unwrap();
                words.payload.is("More tea");
                words.follow_up.is_absent();
                let names: Vec<&str> = questions.iter().map(|(name, _)| name).collect();
                assert_eq!(names, ["q_taste", "q_words"]);
                assert_eq!(event.kind.field(), Some("messaging_feedback"));
            },
        )],
    ),
    fixture(
        "messaging_customer_information",
        &[event(
            "messaging messaging_customer_information 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                let [screen] = all(&kind!(event, CustomerInformation).screens);
                screen.screen_id.is("Add address");
                let responses = screen.responses.iter();
                let responses: Vec<(&str, &str)> = responses
                    .map(|response| (of(&response.key).as_str(), of(&response.value).as_str()))
                    .collect();
                let expected = [
                    ("name", "Mei Lin"),
                    ("address_line_1", "7 Tea Road"),
                    ("address_line_2", "2F"),
                    ("locality", "Taipei"),
                    ("administrative_area", "TPE"),
                    ("postal_code", "100"),
                    ("country", "TW"),
                    ("phone", "+886200000000"),
                ];
                assert_eq!(responses, expected);
            },
        )],
    ),
    fixture(
        "form",
        &[event(
            "messaging form 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                kind!(event, LeadForm).id.is("31337");
                assert_eq!(
                    event.kind.field(),
                    Some("messaging_in_thread_lead_form_submit")
                );
            },
        )],
    ),
    fixture(
        "order",
        &[event(event_line!("order", "-"), |event| {
            let order = kind!(event, Order);
            order.note.is("gift wrap");
            order.source.is("live_shopping");
            order.source_id.is("777");
            let [pot, cup] = all(&order.products);
            pot.id.is("123");
            pot.retailer_id.is("SKU-7");
            pot.name.is("Tea pot");
            pot.unit_price.is("11.50");
            pot.currency.is("TWD");
            pot.quantity.is(Some(2));
            cup.id.is("124");
            cup.unit_price.is("3");
            assert_eq!(event.kind.field(), Some("send_cart"));
        })],
    ),
    fixture(
        "template",
        &[event(event_line!("template", "-"), |event| {
            let coupon = kind!(event, Coupon);
            coupon.kind.is("coupon");
            coupon.payload.is("SPRING");
            coupon.code.is("10PERCENT");
            assert_eq!(event.kind.field(), Some("messages"));
        })],
    ),
    fixture(
        "message_context",
        &[event(event_line!("message_context", "-"), |event| {
            let [detection] = all(&kind!(event, MessageContext).detections);
            detection.kind.is("PURCHASE");
            detection.id.is("26272");
            detection.mid.is("m_text");
            detection.event_name.is("payment_received");
            detection.model.is("model-0");
            let [suggestion] = all(&kind!(event, MessageContext).suggestions);
            suggestion.mid.is("m_quick");
            suggestion.event_name.is("fb_mobile_purchase");
        })],
    ),
    fixture(
        "payment",
        &[event(event_line!("payment", "-"), |event| {
            let payment = kind!(event, Payment);
            payment.payload.is("ORDER_7");
            payment.shipping_option_id.is("123");
            let user = of(&payment.user);
            user.contact_name.is("Mei Lin");
            user.contact_email.is("mei@tea.example");
            user.contact_phone.is("+886200000000");
            let address = of(&user.shipping_address);
            address.street_1.is("7 Tea Road");
            address.street_2.is("2F");
            address.city.is("Taipei");
            address.state.is("TPE");
            address.country.is("TW");
            address.postal_code.is("100");
            let credential = of(&payment.credential);
            credential.provider_type.is("stripe");
            credential.charge_id.is("ch_7");
            credential.tokenized_card.is("tok_card");
            credential.tokenized_cvv.is("tok_cvv");
            credential.token_expiry_month.is("3");
            credential.token_expiry_year.is("2027");
            credential.fb_payment_id.is("123456789");
            of(&payment.amount).currency.is("TWD");
            of(&payment.amount).amount.is("29.62");
            assert_eq!(event.kind.field(), Some("messaging_payments"));
        })],
    ),
    fixture(
        "pre_checkout",
        &[event(event_line!("pre_checkout", "-"), |event| {
            let checkout = kind!(event, PreCheckout);
            checkout.payload.is("ORDER_7");
            of(&checkout.user).contact_name.is("Mei Lin");
            let address = of(&of(&checkout.user).shipping_address);
            address.name.is("Mei Lin");
            address.street_1.is("7 Tea Road");
            address.street_2.is("");
            of(&checkout.amount).amount.is("2.70");
            assert_eq!(event.kind.field(), Some("messaging_pre_checkouts"));
        })],
    ),
    fixture(
        "checkout_update",
        &[event(event_line!("checkout_update", "-"), |event| {
            let update = kind!(event, CheckoutUpdate);
            update.payload.is("ORDER_7");
            of(&update.shipping_address).id.is("10105000000959552");
            of(&update.shipping_address).postal_code.is("100");
            assert_eq!(event.kind.field(), Some("messaging_checkout_updates"));
        })],
    ),
    fixture(
        "game_play",
        &[event(event_line!("game_play", "-"), |event| {
            let play = kind!(event, GamePlay);
            play.game_id.is("880001");
            play.player_id.is("990002");
            play.context_type.is("THREAD");
            play.context_id.is("660003");
            play.score.is(Some(1_234_567_890));
            play.payload.is(r#"{"level":7}"#);
            assert_eq!(event.kind.field(), Some("messaging_game_plays"));
        })],
    ),
    fixture(
        "game_play.solo",
        &[event(event_line!("game_play", "-"), |event| {
            let play = kind!(event, GamePlay);
            play.context_type.is("SOLO");
            assert!(play.context_id.is_none() && play.score.is_none() && play.payload.is_none());
        })],
    ),
    fixture(
        "branded_camera",
        &[event(event_line!("branded_camera", "-"), |event| {
            let camera = kind!(event, BrandedCamera);
            camera.content_ids.is(&["31", "32"]);
            camera.event.is("dismiss");
        })],
    ),
];
