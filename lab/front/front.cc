#include "front/front.h"
