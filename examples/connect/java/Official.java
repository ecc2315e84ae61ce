import com.midtrans.Config;
import com.midtrans.ConfigFactory;
import com.midtrans.service.MidtransCoreApi;
import java.util.Map;
import org.json.JSONObject;

/** The official client as it stands, with nothing but its key: com.midtrans:java-library */
public final class Official {
    private static final MidtransCoreApi CLIENT = new ConfigFactory(Config.builder().setServerKey("SB-Mid-server-warung").setClientKey("SB-Mid-client-warung").setIsProduction(false).build()).getCoreApi();

    public static void main(String[] args) throws Exception {
        String first = "official-java-1-" + System.currentTimeMillis();
        String second = "official-java-2-" + System.currentTimeMillis();
        show("charge", charge(first));
        show("status", CLIENT.checkTransaction(first));
        show("cancel", CLIENT.cancelTransaction(first));
        show("charge", charge(second));
        show("expire", CLIENT.expireTransaction(second));
    }

    private static JSONObject charge(String orderId) throws Exception {
        return CLIENT.chargeTransaction(Map.of(
            "payment_type", "cstore",
            "transaction_details", Map.of("order_id", orderId, "gross_amount", 44000),
            "cstore", Map.of("store", "alfamart", "message", "Order in my shop")));
    }

    private static void show(String what, JSONObject reply) throws Exception {
        System.out.printf("%s: %s is %s, %s%n", what, reply.getString("order_id"), reply.getString("transaction_status"), reply.getString("status_code"));
    }
}
