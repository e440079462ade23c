using Atelier.Protos;

namespace Atelier.Worker.Session;

/// <summary>What becomes of an order.</summary>
internal enum OrderVerdict
{
    /// <summary>It is carried out.</summary>
    Obey,

    /// <summary>Whoever sent it was replaced by another one, whose orders this worker has heard.</summary>
    Stale,

    /// <summary>It is carried out, and is the first of another cluster than those before it: their terms and generations mean nothing to it.</summary>
    FirstOfCluster,
}

/// <summary>
/// Which orders count: of every sender those of its highest term, of one cluster at a time. Senders are each run, the
/// evaluations, and the fleet; each counts terms of its own.
/// </summary>
internal sealed class OrderFence
{
    private const string Evaluations = "/evaluations", Fleet = "/fleet"; // no names of runs

    private readonly Dictionary<string, long> _highest = new(StringComparer.Ordinal);

    /// <summary>The cluster whose orders count; empty before the first that says its own.</summary>
    public string Cluster { get; private set; } = "";

    /// <summary>Judges an order, and remembers its term.</summary>
    public OrderVerdict Judge(CoordinatorMessage order)
    {
        bool isOther = order.Cluster.Length > 0 && order.Cluster != Cluster;
        bool isFirst = isOther && Cluster.Length > 0;
        if (isOther)
            Cluster = order.Cluster;
        if (isFirst)
            _highest.Clear();
        if (SenderOf(order) is not { } sender)
            return isFirst ? OrderVerdict.FirstOfCluster : OrderVerdict.Obey;
        if (order.Term < _highest.GetValueOrDefault(sender))
            return OrderVerdict.Stale;
        _highest[sender] = order.Term;
        return isFirst ? OrderVerdict.FirstOfCluster : OrderVerdict.Obey;
    }

    // Null for what is answered whoever asks.
    private static string? SenderOf(CoordinatorMessage order) => order.MessageCase switch
    {
        CoordinatorMessage.MessageOneofCase.Halt => order.Halt.Run,
        CoordinatorMessage.MessageOneofCase.Prepare => order.Prepare.Run,
        CoordinatorMessage.MessageOneofCase.Go => order.Go.Run,
        CoordinatorMessage.MessageOneofCase.Save => order.Save.Run,
        CoordinatorMessage.MessageOneofCase.Release => order.Release.Run,
        CoordinatorMessage.MessageOneofCase.TakeSnapshot => order.TakeSnapshot.Run,
        CoordinatorMessage.MessageOneofCase.Warm => order.Warm.Run,
        CoordinatorMessage.MessageOneofCase.RunEnded => order.RunEnded.Run,
        CoordinatorMessage.MessageOneofCase.Evaluate => Evaluations,
        CoordinatorMessage.MessageOneofCase.InspectData => null,
        _ => Fleet,
    };
}
