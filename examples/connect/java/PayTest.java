import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A customer pays, and the shop learns of it. Copy this test, put your own shop in place of Shop.java, and run it:
 *   javac -d out Shop.java PayTest.java && java -cp out PayTest
 * WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine.
 */
public final class PayTest {
    private static final String WARUNG_URL = Shop.setting("WARUNG_URL", "http://127.0.0.1:6262");
    private static final String NOTIFICATION_URL = Shop.setting("NOTIFICATION_URL", "http://127.0.0.1:8000/");

    public static void main(String[] args) throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        var shop = Shop.open(8000, notification -> heard.add(Shop.field(notification, "order_id") + " " + Shop.field(notification, "transaction_status")));
        try {
            aCustomerPaysAtTheTillTheShopIsToldAndAForgeryIsRefused(heard);
        } finally {
            shop.stop(0);
        }
        System.out.println("passed");
    }

    // In your project: a @Test of JUnit.
    private static void aCustomerPaysAtTheTillTheShopIsToldAndAForgeryIsRefused(List<String> heard) throws Exception {
        Shop.call(WARUNG_URL, "PUT", "/admin/settings", "{\"notification_urls\": [\"%s\"]}".formatted(NOTIFICATION_URL));

        String orderId = "java-" + System.currentTimeMillis();
        String charged = Shop.charge(orderId, 44000);
        assertEquals("pending", Shop.field(charged, "transaction_status"));
        assertEquals(true, Shop.field(charged, "payment_code").matches("[A-Z0-9]+"));
        assertEquals("pending", Shop.field(Shop.statusOf(orderId), "transaction_status"));

        Shop.call(WARUNG_URL, "POST", "/admin/transactions/" + orderId + "/pay?wait=attempted", "");
        assertEquals("settlement", Shop.field(Shop.statusOf(orderId), "transaction_status"));
        assertEquals(List.of(orderId + " pending", orderId + " settlement"), heard);

        String sent = Shop.call(WARUNG_URL, "POST", "/admin/transactions/" + orderId + "/notify?wait=attempted", "{\"tamper\": \"signature\"}");
        assertEquals(true, sent.contains("\"status\":403"));
        assertEquals(2, heard.size());
    }

    private static void assertEquals(Object expected, Object actual) {
        if (!expected.equals(actual)) throw new AssertionError("expected " + expected + ", not " + actual);
    }
}
