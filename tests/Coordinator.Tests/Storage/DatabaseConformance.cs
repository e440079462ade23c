using Atelier.Coordinator.Storage;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>A fresh database with its clock in the test's hands, seen by two coordinators.</summary>
public abstract class DatabaseConformance : IAsyncLifetime
{
    /// <summary>The database as the first coordinator sees it.</summary>
    protected CoordinatorDatabase First { get; private set; } = null!;

    /// <summary>The same database as another coordinator sees it.</summary>
    protected CoordinatorDatabase Second { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await PrepareAsync();
        First = Open();
        Second = Open();
        // Both at once, as when two coordinators are started together.
        await Task.WhenAll(Task.Run(() => First.CreateTablesAsync(Cancellation)), Task.Run(() => Second.CreateTablesAsync(Cancellation)));
        await DatabaseClock.ReplaceAsync(First);
        DatabaseClock.Use(Second);
    }

    public async ValueTask DisposeAsync()
    {
        if (First is not null)
            await First.DisposeAsync();
        if (Second is not null)
            await Second.DisposeAsync();
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes an empty database, or skips the test with a reason.</summary>
    protected abstract Task PrepareAsync();

    /// <summary>Opens it once more.</summary>
    protected abstract CoordinatorDatabase Open();

    protected virtual ValueTask CleanAsync() => ValueTask.CompletedTask;

    protected Task AdvanceAsync(double seconds) => DatabaseClock.AdvanceAsync(First, TimeSpan.FromSeconds(seconds));
}
