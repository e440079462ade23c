using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Sharding;
using Atelier.Protos;

namespace Atelier.Worker.Session;

/// <summary>Generations, as messages have them.</summary>
internal static class PlanMessages
{
    /// <summary>The generation that is to be prepared.</summary>
    public static GenerationPlan ToPlan(Prepare order) => new(
        new GenerationId(order.Generation),
        [.. order.Members.Select(member => new GenerationMember(new WorkerId(member.Worker), member.Incarnation, new Rank(member.Rank), new ShardRange(member.ShardFirst, member.ShardEnd)))],
        order.Start.ToVersion(),
        new StateSource(order.Origin switch
        {
            Protos.StateOrigin.Worker => Core.Fleet.Generations.StateOrigin.Worker,
            Protos.StateOrigin.Snapshot => Core.Fleet.Generations.StateOrigin.Snapshot,
            _ => Core.Fleet.Generations.StateOrigin.Seed,
        }),
        new Position(order.LimitIteration, 0));
}
