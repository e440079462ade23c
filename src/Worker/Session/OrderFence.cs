using Atelier.Protos;

namespace Atelier.Worker.Session;

/// <summary>What becomes of an order.</summary>
internal enum OrderVerdict
{
    /// <summary>It is carried out.</summary>
    Obey,

    /// <summary>Whoever sent it was replaced by another one, whose orders this worker has heard.</summary>
    Stale,

    /// <summary>It is carried out, and is the first of another cluster than those before it: their epochs and generations mean nothing to it.</summary>
    FirstOfCluster,
}

/// <summary>Which orders count: of every authority those of its highest epoch, of one cluster at a time.</summary>
internal sealed class OrderFence
{
    private readonly Dictionary<string, long> _highest = new(StringComparer.Ordinal);

    /// <summary>The cluster whose orders count; empty before the first that says its own.</summary>
    public string Cluster { get; private set; } = "";

    /// <summary>Judges an order, and remembers its epoch.</summary>
    public OrderVerdict Judge(CoordinatorMessage order)
    {
        bool isOther = order.Cluster.Length > 0 && order.Cluster != Cluster;
        bool isFirst = isOther && Cluster.Length > 0;
        if (isOther)
            Cluster = order.Cluster;
        if (isFirst)
            _highest.Clear();
        if (order.Authority.Length > 0)
        {
            if (order.Epoch < _highest.GetValueOrDefault(order.Authority))
                return OrderVerdict.Stale;
            _highest[order.Authority] = order.Epoch;
        }
        return isFirst ? OrderVerdict.FirstOfCluster : OrderVerdict.Obey;
    }

    /// <summary>The run that an order gives work for; null for none.</summary>
    public static string? WorkOf(CoordinatorMessage order) => order.MessageCase switch
    {
        CoordinatorMessage.MessageOneofCase.Halt => order.Halt.Run,
        CoordinatorMessage.MessageOneofCase.Prepare => order.Prepare.Run,
        CoordinatorMessage.MessageOneofCase.Warm => order.Warm.Run,
        _ => null,
    };
}
