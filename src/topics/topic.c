/* Topics by themselves: their partitions by number, and which names are legal. */
#include "topic.h"

wr_partition *wr_topic_partition(const wr_topic *topic, int32_t index)
{
    return index >= 0 && index < topic->partition_count ? topic->partitions[index] : NULL;
}

bool wr_topic_name_legal(weir_slice name)
{
    if (name.size == 0 || name.size > WR_TOPIC_NAME_MAX || weir_slice_equal(name, WEIR_SLICE(".")) ||
        weir_slice_equal(name, WEIR_SLICE("..")))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool wr_topic_names_collide(weir_slice name, const char *other)
{
    bool differs = false;
    size_t at = 0;
    for (; at < name.size && other[at]; at++) {
        char a = (char)name.data[at], b = other[at];
        if ((a == '_' ? '.' : a) != (b == '_' ? '.' : b))
            return false;
        differs = differs || a != b;
    }
    return at == name.size && other[at] == '\0' && differs;
}
