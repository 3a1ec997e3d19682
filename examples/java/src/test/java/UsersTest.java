import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.chime.ChimeClient;
import software.amazon.awssdk.services.chime.model.BadRequestException;
import software.amazon.awssdk.services.chime.model.ChimeException;
import software.amazon.awssdk.services.chime.model.ConflictException;
import software.amazon.awssdk.services.chime.model.ForbiddenException;
import software.amazon.awssdk.services.chime.model.InviteStatus;
import software.amazon.awssdk.services.chime.model.NotFoundException;
import software.amazon.awssdk.services.chime.model.ServiceFailureException;
import software.amazon.awssdk.services.chime.model.ServiceUnavailableException;
import software.amazon.awssdk.services.chime.model.ThrottledClientException;
import software.amazon.awssdk.services.chime.model.UnauthorizedClientException;

/** Tests against a Carillon of their own. The program is carillon on the PATH, or what CARILLON_BIN names. */
class UsersTest {
    static final String KEY = "AKIACARILLONJAVA0000";
    static final String SECRET = "known-to-everybody-0000";
    static Path data;
    static Process server;
    static ChimeClient chime;

    @BeforeAll
    static void start() throws Exception {
        data = Files.createTempDirectory("carillon").resolve("data");
        server = run("serve", "--ephemeral", "--listen", "127.0.0.1:0", "--log-level", "error");
        Path note = data.resolve("server.json");
        while (!Files.exists(note)) {
            if (!server.isAlive()) {
                throw new IllegalStateException("carillon did not start");
            }
            Thread.sleep(10);
        }
        String url = Files.readString(note).replaceAll(".*\"url\":\"([^\"]*)\".*\\s*", "$1");
        chime = ChimeClient.builder()
            .endpointOverride(URI.create(url))
            .region(Region.US_EAST_1)
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY, SECRET)))
            .overrideConfiguration(o -> o.retryStrategy(r -> r.maxAttempts(1)))
            .build();
    }

    @AfterAll
    static void stop() throws Exception {
        server.destroy();
        server.waitFor();
    }

    static Process run(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getenv().getOrDefault("CARILLON_BIN", "carillon")));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(Map.of("CARILLON_DATA", data.toString(),
            "CARILLON_ROOT_ACCESS_KEY_ID", KEY, "CARILLON_ROOT_SECRET_ACCESS_KEY", SECRET));
        return builder.start();
    }

    /** Calls what Carillon adds to the API. */
    static void call(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("call"));
        command.addAll(List.of(words));
        assertEquals(0, run(command.toArray(String[]::new)).waitFor());
    }

    @Test
    void createUserMeetsEveryException() throws Exception {
        String account = chime.createAccount(r -> r.name("Demo")).account().accountId();
        chime.createUser(r -> r.accountId(account).email("jane@example.com"));
        assertThrows(BadRequestException.class, () -> chime.createUser(r -> r.accountId(account).email("jane")));
        assertThrows(ConflictException.class, () -> chime.createUser(r -> r.accountId(account).email("jane@example.com")));
        assertThrows(NotFoundException.class, () -> chime.createUser(r -> r.accountId("01234567-89ab-cdef-0123-456789abcdef").email("joe@example.com")));
        List<Class<? extends ChimeException>> ordered = List.of(UnauthorizedClientException.class, ForbiddenException.class,
            ThrottledClientException.class, ServiceFailureException.class, ServiceUnavailableException.class);
        for (Class<? extends ChimeException> exception : ordered) {
            call("PutFault", "Operation=CreateUser", "Error=" + exception.getSimpleName(), "Count=1");
            assertThrows(exception, () -> chime.createUser(r -> r.accountId(account).email("jane@example.com")));
        }
    }

    @Test
    void anInvitationEnds() throws Exception {
        String account = chime.createAccount(r -> r.name("Demo")).account().accountId();
        chime.inviteUsers(r -> r.accountId(account).userEmailList("joe@example.com"));
        call("AdvanceClock", "Seconds=" + 31 * 24 * 60 * 60);
        assertEquals(InviteStatus.FAILED, chime.listUsers(r -> r.accountId(account)).users().get(0).userInvitationStatus());
    }
}
