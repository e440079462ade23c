using Atelier.Coordinator.Storage;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>Puts a table in place of a database's clock, so that its time stands still until a test moves it.</summary>
public static class DatabaseClock
{
    public static async Task ReplaceAsync(CoordinatorDatabase database)
    {
        await RunAsync(database, "CREATE TABLE test_clock (now_ms BIGINT NOT NULL); INSERT INTO test_clock VALUES (1000000)");
        Use(database);
    }

    /// <summary>For another coordinator's view of the same database.</summary>
    public static void Use(CoordinatorDatabase database) => database.Clock = "(SELECT now_ms FROM test_clock)";

    public static Task AdvanceAsync(CoordinatorDatabase database, TimeSpan time) =>
        RunAsync(database, $"UPDATE test_clock SET now_ms = now_ms + {(long)time.TotalMilliseconds}");

    /// <summary>Runs a statement of the test's own.</summary>
    public static async Task RunAsync(CoordinatorDatabase database, string sql)
    {
        await using var connection = await database.ConnectAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(sql, [], TestContext.Current.CancellationToken);
    }
}
