using Atelier.Coordinator.Storage;

namespace Atelier.Coordinator.Tests.Storage;

public sealed class PostgresLeaseTests(PostgresServer server) : LeaseConformance
{
    private string _schema = "";

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);
}

public sealed class PostgresGrainStorageTests(PostgresServer server) : GrainStorageConformance
{
    private string _schema = "";

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);
}

public sealed class PostgresHistoryTests(PostgresServer server) : HistoryConformance
{
    private string _schema = "";

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);
}
