using Atelier.Coordinator.Storage;
using FsCheck;
using FsCheck.Fluent;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>Random histories of two coordinators that compete for one database, against <see cref="CoordinatorModel"/>.</summary>
public abstract class HistoryConformance : DatabaseConformance
{
    private const int Histories = 25;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    [Fact]
    public void Histories_OfTwoCoordinators_GoAsTheModelSays()
    {
        var step = Gen.Choose(0, 6).SelectMany(action => Gen.Choose(0, 1).SelectMany(coordinator => Gen.Choose(0, 1).Select(grain => new Step(action, coordinator, grain))));
        var property = Prop.ForAll(step.ListOf(40).ToArbitrary(), steps => Replay([.. steps]));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Histories), property);
    }

    private bool Replay(Step[] steps)
    {
        RunAsync(steps).GetAwaiter().GetResult();
        return true;
    }

    private async Task RunAsync(Step[] steps)
    {
        await DatabaseClock.RunAsync(First, "DELETE FROM coordinator_lease; DELETE FROM grain_state; UPDATE test_clock SET now_ms = 1000000");
        var model = new CoordinatorModel();
        model.Advance(1000000);
        var views = new Dictionary<(int, int), GrainState<Notes>>();
        long highest = 0;
        var versionsWritten = 0;
        foreach (var step in steps)
        {
            var database = step.Coordinator == 0 ? First : Second;
            var (expected, actual) = step.Action switch
            {
                0 => await AcquireAsync(),
                1 => ($"{model.Renew(step.Coordinator, 10000)}", $"{await database.Lease.RenewAsync(model.TermOf(step.Coordinator) ?? 0, Duration, Cancellation)}"),
                2 => await ReleaseAsync(),
                3 => await AdvanceBothAsync(),
                4 => ($"{model.Read(step.Coordinator, step.Grain)}", await ReadAsync()),
                5 => (model.Write(step.Coordinator, step.Grain), await ChangeAsync(write: true)),
                _ => (model.Clear(step.Coordinator, step.Grain), await ChangeAsync(write: false)),
            };
            Assert.True(expected == actual, $"{step}: {expected} was expected, {actual} came\n{string.Join('\n', steps.AsEnumerable())}");

            async Task<(string, string)> AcquireAsync()
            {
                var acquired = await database.Lease.TryAcquireAsync($"{step.Coordinator}", Duration, Cancellation);
                Assert.True(acquired is null || acquired > highest, $"term {acquired} came after {highest}");
                highest = acquired ?? highest;
                return ($"{model.Acquire(step.Coordinator, 10000)}", $"{acquired}");
            }

            async Task<(string, string)> ReleaseAsync()
            {
                model.Release(step.Coordinator);
                await database.Lease.ReleaseAsync(model.TermOf(step.Coordinator) ?? 0, Cancellation);
                var seen = await database.Lease.ObserveAsync(Cancellation);
                return ($"{model.Term}", $"{seen?.Term ?? 0}");
            }

            async Task<(string, string)> AdvanceBothAsync()
            {
                model.Advance(4000);
                await AdvanceAsync(4);
                return ("", "");
            }

            async Task<string> ReadAsync()
            {
                await Storage().ReadStateAsync("notes", Grain(), View());
                return View().State!.Text;
            }

            async Task<string> ChangeAsync(bool write)
            {
                var version = versionsWritten + 1;
                try
                {
                    if (!write)
                    {
                        await Storage().ClearStateAsync("notes", Grain(), View());
                        return "cleared";
                    }
                    View().State = new Notes { Text = $"{version}" };
                    await Storage().WriteStateAsync("notes", Grain(), View());
                    versionsWritten = version;
                    return $"{version}";
                }
                catch (InconsistentStateException)
                {
                    return "inconsistent";
                }
                catch (DeposedException)
                {
                    return "deposed";
                }
            }

            IGrainStorage Storage() => database.GrainStorage(model.TermOf(step.Coordinator) ?? long.MaxValue);

            GrainId Grain() => GrainId.Create("run", $"{step.Grain}");

            GrainState<Notes> View()
            {
                if (!views.TryGetValue((step.Coordinator, step.Grain), out var view))
                    views[(step.Coordinator, step.Grain)] = view = new GrainState<Notes>();
                return view;
            }
        }
    }

    private sealed record Step(int Action, int Coordinator, int Grain);
}
