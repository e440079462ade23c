using System.Runtime.CompilerServices;

namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Finds entries of long lists by their worker. The lists of a state never change, so each gets its index once, when it is
/// searched first, and keeps it for as long as it lives: a decision about a thousand workers searches a thousand times.
/// </summary>
/// <typeparam name="T">What the list holds.</typeparam>
internal static class ByWorker<T> where T : class
{
    /// <summary>Shorter lists are searched as they are.</summary>
    private const int ShortList = 16;

    private static readonly ConditionalWeakTable<IReadOnlyList<T>, Dictionary<WorkerId, T>> Indexes = [];

    /// <summary>The first entry of a worker; null for none.</summary>
    /// <param name="list">The list.</param>
    /// <param name="worker">The worker.</param>
    /// <param name="workerOf">Whose an entry is.</param>
    public static T? Find(IReadOnlyList<T> list, WorkerId worker, Func<T, WorkerId> workerOf) => list.Count < ShortList
        ? list.FirstOrDefault(entry => workerOf(entry) == worker)
        : Indexes.GetValue(list, entries => entries.DistinctBy(workerOf).ToDictionary(workerOf)).GetValueOrDefault(worker);
}
