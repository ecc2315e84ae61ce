import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** What a shop's backend has: it charges, asks how a payment stands, and takes notifications. Nothing here knows of Warung. */
public final class Shop {
    private static final String MIDTRANS_URL = setting("MIDTRANS_URL", "https://api.sandbox.midtrans.com");
    private static final String SERVER_KEY = setting("MIDTRANS_SERVER_KEY", "SB-Mid-server-warung");

    public static String charge(String orderId, int amount) throws IOException, InterruptedException {
        return call(MIDTRANS_URL, "POST", "/v2/charge", """
            {"payment_type": "cstore", "transaction_details": {"order_id": "%s", "gross_amount": %d},
             "cstore": {"store": "alfamart", "message": "Order in my shop"}}""".formatted(orderId, amount));
    }

    public static String statusOf(String orderId) throws IOException, InterruptedException {
        return call(MIDTRANS_URL, "GET", "/v2/" + orderId + "/status", "");
    }

    /** SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them. */
    public static boolean isGenuine(String notification) {
        String text = field(notification, "order_id") + field(notification, "status_code") + field(notification, "gross_amount") + SERVER_KEY;
        try {
            String expected = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(text.getBytes(StandardCharsets.UTF_8)));
            return MessageDigest.isEqual(expected.getBytes(StandardCharsets.UTF_8), field(notification, "signature_key").getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The notification URL: what is not genuine is refused and changes nothing. */
    public static HttpServer open(int port, Consumer<String> onNotification) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            String notification = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            boolean genuine = isGenuine(notification);
            if (genuine) onNotification.accept(notification);
            exchange.sendResponseHeaders(genuine ? 200 : 403, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    /** A text of a flat JSON document. Your shop has a JSON library for this; the JDK has none. */
    public static String field(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\"([^\"\\\\]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    static String call(String url, String method, String path, String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url + path))
            .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString((SERVER_KEY + ":").getBytes(StandardCharsets.UTF_8)))
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    }

    static String setting(String name, String fallback) {
        return System.getenv().getOrDefault(name, fallback);
    }
}
