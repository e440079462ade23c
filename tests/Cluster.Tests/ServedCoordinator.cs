using System.Security.Cryptography.X509Certificates;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Core.Access;
using Atelier.Rpc.Transport;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>
/// A coordinator in this process, for commands and peers that are processes of their own. No native library of training may be
/// loaded here: what they bring of the system's SQLite takes the place of the coordinator's, and the process crashes.
/// </summary>
internal sealed class ServedCoordinator : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly SqliteDatabase _database;
    private readonly CoordinatorServer _server;

    private ServedCoordinator(TemporaryFolder folder, SqliteDatabase database, CoordinatorServer server) =>
        (_folder, _database, _server) = (folder, database, server);

    /// <summary>Where it is reached: <c>http://</c>, or <c>https://</c> with a certificate.</summary>
    public Uri Address => new(_server.Addresses[0]);

    /// <summary>Starts one on a free port of this machine.</summary>
    /// <param name="certificate">Its certificate; null to speak no TLS.</param>
    /// <param name="gate">Who may call; null for everybody.</param>
    /// <param name="callers">The authority that callers must have a certificate of; null for none.</param>
    public static async Task<ServedCoordinator> StartAsync(X509Certificate2? certificate = null, AccessGate? gate = null, X509Certificate2? callers = null)
    {
        Assert.DoesNotContain("libatelier_", await File.ReadAllTextAsync("/proc/self/maps"), StringComparison.Ordinal);
        var folder = new TemporaryFolder();
        var database = new SqliteDatabase(folder["c.db"]);
        var identity = await database.OpenAsync(_ => { }, TimeProvider.System, CancellationToken.None);
        var options = new CoordinatorOptions
        {
            Listen = [ListenAddress.Parse("127.0.0.1:0")],
            Database = database,
            Tls = new TlsMaterial(certificate, callers is null ? null : [callers]),
            Gate = gate ?? new(null, null),
        };
        return new(folder, database, await CoordinatorServer.StartAsync(options, identity, TimeProvider.System, CancellationToken.None));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
        _folder.Dispose();
    }
}
