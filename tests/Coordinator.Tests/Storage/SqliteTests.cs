using Atelier.Coordinator.Storage;

namespace Atelier.Coordinator.Tests.Storage;

public sealed class SqliteLeaseTests : LeaseConformance
{
    private readonly SqliteFile _file = new();

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override CoordinatorDatabase Open() => _file.Open();

    protected override ValueTask CleanAsync() => _file.DisposeAsync();
}

public sealed class SqliteGrainStorageTests : GrainStorageConformance
{
    private readonly SqliteFile _file = new();

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override CoordinatorDatabase Open() => _file.Open();

    protected override ValueTask CleanAsync() => _file.DisposeAsync();
}

public sealed class SqliteHistoryTests : HistoryConformance
{
    private readonly SqliteFile _file = new();

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override CoordinatorDatabase Open() => _file.Open();

    protected override ValueTask CleanAsync() => _file.DisposeAsync();
}

/// <summary>A database file that is gone after the test.</summary>
internal sealed class SqliteFile : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-").FullName;

    public CoordinatorDatabase Open() => new SqliteDatabase(Path.Combine(_folder, "coordinator.db"));

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
